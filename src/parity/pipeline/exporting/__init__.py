"""The third story: a finished bundle in another form, made without network and signed again."""
