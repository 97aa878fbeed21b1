"""A machine and its Python: measured, compared, started."""
