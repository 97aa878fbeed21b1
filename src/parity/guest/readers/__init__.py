"""What checks of the rehearsal want to know of the environment's files.

Each is a module with `read(job, found)`: files are read, none of a package's code runs. One process asks
all of them (`parity.guest.tasks.environment`), since each of its own would read the same records again.
"""
