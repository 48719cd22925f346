"""Where events come from, what is measured, what people look at."""
