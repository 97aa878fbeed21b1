"""What near side, guest and far side share; standard library alone, Python 3.6 and later."""
