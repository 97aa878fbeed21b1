"""The store: content by its digest."""
