"""Ruby gems as both sides see them: the target's Ruby, gems judged as files, gems installed."""
