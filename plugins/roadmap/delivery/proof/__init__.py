"""What proves that a letter left: the server's word, its log, the mailbox of copies."""
