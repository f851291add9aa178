"""Files before they mean anything: found, looked at, read as cells by a child process."""
