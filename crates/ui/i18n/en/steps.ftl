steps-title = What can be done now
steps-none = There is nothing for your post to do with this case at the moment.
steps-refused = { $n ->
    [one] One step that is closed, and why
   *[other] { $n } steps that are closed, and why
}
step-done = Done: { $step }
step-unit = To
step-missing-unit = Choose a unit
step-missing-class = Choose a class and its filing condition
step-missing-asking = Choose more time or suspension, and say how long
step-missing-answer = Choose an answer first
reason-needs-note = { $reason } (say more below)

note-words = Words
note-words-hint = Colleagues see it, the reporter does not.
note-reply = Answer to the reporter
note-reply-hint = The reporter sees it as it stands: what was done, and when.
note-forced-hint = The reporter sees it as it stands: why it cannot be solved now.
note-remark = Remark
note-remark-hint = Only colleagues who work on the case see it.
note-refuse = Words
note-refuse-hint = Say whom to turn to, and how.

verify-question = Is it so?
verify-yes = Yes, it is
verify-no = No, it is not

file-search = Find a class
file-search-hint = A few words: manhole, rubbish, street lamp
file-condition = Class and filing condition
file-none-yet = Write a few words above, then choose class and condition.
file-none-found = Nothing fits “{ $typed }”: try other words.
file-more = { $n } more classes: a longer word narrows them.

dispatch-lead = Lead unit
dispatch-no-proposal = No unit is proposed: choose one from the list.
dispatch-other = Another unit
dispatch-as-proposed = As chosen above
dispatch-assisting = Add assisting units
dispatch-assisting-no = Assisting unit { $n }
dispatch-assisting-hours = Their limit (hours)
dispatch-assisting-hours-hint = Without it they have the lead's limit.

check-question = Is the problem solved?
check-yes = Passed
check-no = Failed: to be done again
check-reason = Why it failed

close-conditions = Closing conditions, one by one

ask-what = What do you ask for
ask-extension = More time
ask-hours = How many hours (at most { $most })
ask-suspension = Suspension
ask-until = Until (at most { $most } days)
answer-yes = Granted
answer-no = Not granted

show-what = Words and photos
show-hint = Look at them first: no faces, no number plates, no names or telephone numbers. What you show, everybody can see.
show-words = The words and the address of the report
show-photos = { $n ->
    [one] one photo
   *[other] { $n } photos
}
show-state-unseen = Nobody has looked yet, so it is not public
show-state-public = Public
show-state-instead = Public in a version of it
show-state-version = Made of another photo, and public in its place
show-state-withheld = Withheld: { $reason }

blur-open = Blur faces and plates
blur-title = Draw a box over each face and each number plate
blur-hint = What you cover cannot be brought back in the version that is shown. Colleagues go on seeing the photo as it is.
blur-undo = Take back the last box
blur-use = Show this version
blur-cancel = Cancel
blur-kept = This version will be shown in its place
