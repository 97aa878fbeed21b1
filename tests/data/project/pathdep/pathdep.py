"""A module beside the project."""


def hello() -> str:
    return "from path"
