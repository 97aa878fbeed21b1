"""Says where its parts come from."""

import gitdep
import idna
import pathdep


def main() -> None:
    print(gitdep.hello(), pathdep.hello(), idna.encode("bücher").decode())
