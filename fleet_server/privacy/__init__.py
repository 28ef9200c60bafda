"""What visitors are owed: data that goes when its time is over, and answers about what is kept."""
