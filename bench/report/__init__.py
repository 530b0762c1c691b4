"""The leaderboard report: runs in, one HTML file out, and the same records in other formats."""
