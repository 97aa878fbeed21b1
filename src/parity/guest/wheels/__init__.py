"""What wheels say of themselves, and what is judged of them."""
