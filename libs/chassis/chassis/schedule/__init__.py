"""Jobs by the clock: rules in Vietnamese local time, and the rows that say when each is next due."""
