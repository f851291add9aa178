"""Files before they mean anything: found, looked at, read as cells in a sandbox."""
