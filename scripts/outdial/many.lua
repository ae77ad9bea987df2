-- A count in words.

--- many(count, singular[, plural]): `1 contact`, `2 contacts`. The plural is an s more where it is left out.
return function(count, singular, plural)
    return ("%d %s"):format(count, count == 1 and singular or plural or singular .. "s")
end
