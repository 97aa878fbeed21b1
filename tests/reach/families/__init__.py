"""Systems of other families, made here of Debian's packages: what `make reach` builds for and installs on."""
