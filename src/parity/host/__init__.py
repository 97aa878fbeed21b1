"""This machine: its folders, its index settings, proxies and certificates, its child processes."""
