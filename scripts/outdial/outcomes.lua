-- The names of outcomes, for whoever checks one that a script wrote.
return {
    "answered", "machine", "fax", "no_answer", "busy", "declined", "abandoned", "invalid_number", "blocked", "expired",
    "failed", "canceled", "unreported", "unclassified",
}
