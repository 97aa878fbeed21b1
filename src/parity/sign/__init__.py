"""Keys, the in-toto statement and its DSSE envelope; making and checking them."""
