time-today = today { $time }
time-yesterday = yesterday { $time }
time-tomorrow = tomorrow { $time }
time-on-day = { $day } { $time }
time-left = { $span } left
time-over = { $span } overdue
time-minutes = { $n } min
time-hours = { $n } h
time-days = { $n ->
    [one] 1 day
   *[other] { $n } days
}
