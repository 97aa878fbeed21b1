"""What is shown to whoever reviews a change, as text and Markdown. Pure."""
