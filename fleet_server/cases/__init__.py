"""Cases: from a laboratory's call to a list that can be defended."""
