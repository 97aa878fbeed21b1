"""What a reviewer is shown of a finished bundle: `contents` reads it, `page` shows it."""
