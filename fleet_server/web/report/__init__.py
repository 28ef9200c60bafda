"""Pages of province and commune offices."""
