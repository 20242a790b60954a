intake-title = Take a call
intake-words = What the caller says
intake-urgent = Urgent: danger
intake-class-none = Not sure: the duty chief decides
intake-send = Register
intake-similar = Perhaps the same
intake-similar-hint = While you type, similar open cases nearby appear here.
intake-similar-none = No similar open case.

patrol-title = Patrol report
patrol-words = Words
patrol-fixed = Mended on the spot
patrol-fixed-hint = A trifle you dealt with at once: add photos from before and after; somebody will check.
patrol-send = Report
patrol-sent = Reported, number { $number }.
