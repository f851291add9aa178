"""What is run by hand when something that is shipped is made anew."""
