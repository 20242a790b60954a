failure-refused = This step is closed now
failure-refused-fix = Nothing was changed. The case's page says what can be done.
failure-invalid = Something is wrong
failure-invalid-what = What was sent has the problems below. Nothing was changed.
failure-back-fix = Go back, correct it and send again.
failure-not-found = There is no such page
failure-not-found-what = It does not exist, or is not yours to see.
failure-not-found-fix = Check the address; for a case, its number and the area of your post.
failure-forbidden = This is not yours to do
failure-forbidden-what = It does not belong to your present post, or the form is too old. Nothing was changed.
failure-forbidden-fix = If you hold several posts, switch and try again; otherwise go back and reload.
failure-twice = This form was used before
failure-twice-what = The same form was sent with other contents; the second time nothing was done.
failure-twice-fix = Open the page anew and fill it in again.
failure-conflict = Somebody else has just changed it
failure-conflict-what = A colleague changed it at the same moment; your step was not taken.
failure-conflict-fix = Go back, look at the newest state, then decide.
failure-too-many = Too many tries
failure-too-many-what = To keep this safe, try again in { $span }.
failure-too-many-fix = { $number ->
    [none] If it cannot wait, call the city.
   *[other] If it cannot wait, call { $number }.
}
failure-unavailable = Not available at the moment
failure-unavailable-what = The system cannot reach its storage; this was not saved.
failure-unavailable-fix = Try again in a minute. Reports that were given a number are all there.
failure-failed = Something went wrong
failure-failed-what = The system made a mistake, and it has been noted.
failure-failed-fix = Try once more; if it fails again, tell an administrator. Reports that were given a number are all there.
failure-unreadable = It did not arrive whole
failure-unreadable-what = The form broke off on its way; nothing was kept.
failure-unreadable-fix = Go back and send it again: what you filled in is usually still there.
failure-too-large = That is too large
failure-too-large-what = At most { $most } MB of photos are taken at once; nothing was kept.
failure-too-large-fix = Go back, choose fewer or smaller photos, and send it again.
failure-to-desk = Back to your desk
failure-to-home = To the start
failure-code = Status { $code }
