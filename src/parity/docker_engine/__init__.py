"""The engine protocol over the Docker SDK; nothing else imports docker."""
