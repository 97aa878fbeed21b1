"""What installs a bundle's packages on the target: uv, pip."""
