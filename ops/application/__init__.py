"""The application as its users reach it: requests, who must answer, and the smoke tests' user."""
