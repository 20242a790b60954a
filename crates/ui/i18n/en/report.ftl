report-title = Report a problem
report-emergency = If somebody is hurt, something burns or danger is near, first call { $numbers ->
    [none] the emergency services
   *[other] { $numbers }
}.
report-what = What did you see
report-words = Say it in a sentence
report-words-hint = For example: the street lamp at our gate has been dark for three days and nobody sees the steps.
report-where = Where is it
report-more = Anything else
report-class = What sort of problem
report-class-hint = Leave it if you are not sure: we will sort it.
report-class-none = Not sure
report-contact = Leave a way to reach you
report-contact-hint = Used only to ask you back. Every look at it is recorded and shown to you. Erased after a year.
report-confidential = Keep my report confidential
report-confidential-hint = The unit that handles it will not learn who reported it, and photos are not public.
report-send = Send
report-sending = Sending…
report-after = You will get a number and a code: with them you can follow, rate and erase your report.

photos-add = Take or choose photos
photos-limit = At most { $most }, JPEG, PNG or WebP. Places stored inside photos are taken out.
photos-kept = Photo { $no }
photos-uploading = Uploading
photos-arrived = Received
photos-failed = Not sent: press the photo to try again
photos-waiting = Many are sending right now: this photo will be tried again by itself
photos-drop = Remove this photo

place-here = Use my location
place-map = Choose on the map
place-map-label = Map: press to choose a place, arrow keys move
place-found = Chosen: { $area }
place-outside = This lies outside every grid. You can send it all the same: we will place it.
place-denied = Your location is not available. Write an address or choose from the list.
place-finding = Looking for you…
place-address = Address, or what is near
place-address-hint = For example: 18 Jianshe Road, opposite the post office
place-part = Code on its plate
place-part-hint = The digits on the plate of a lamp post, manhole cover or litter bin; with it you need no address
place-area = Choose the area from the list
place-area-next = List the next level
place-lon = Longitude
place-lat = Latitude

contact-name = Name
contact-phone = Telephone
contact-email = E-mail

receipt-title = Received
receipt-what = Your report is stored and will not be lost.
receipt-number = Case number
receipt-code = Code
receipt-keep = Take a picture, copy or print it. Only you know the code; it is not sent again.
receipt-copy = Copy
receipt-copied = Copied
receipt-print = Print
receipt-next = What comes next
receipt-next-accept = Somebody looks at it and, if needed, sends a colleague there
receipt-next-due = By { $at }
receipt-next-place = We find out in which grid it lies
receipt-next-handle = Once filed it goes to the unit that answers for it, with a limit; somebody else checks the result
receipt-next-ask = At the end we ask you: is it really solved?
receipt-status = Follow it
receipt-again = Report another problem
