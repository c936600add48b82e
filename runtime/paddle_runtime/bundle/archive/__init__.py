"""Reading archives that anybody may have made, entry by entry as their bytes come, and writing our own."""
