"""Requirements to a PEP 751 lock, natively inside the image."""
