//! Dates, times and calendars, without a library.

use super::{NO_NUMBER, NO_TEXT};
use crate::draw::{numbers, one, some};
use crate::{TaskKind, Value};
use rand::RngExt;

pub(super) static KINDS: [TaskKind; 11] = [
    TaskKind {
        name: "compute_parking_fee",
        arguments: "arrival: str, departure: str",
        returns: "int",
        a: &[10, 15, 20],
        b: &[2, 3, 5],
        t: NO_TEXT,
        asks: [
            "A car stays in a car park from arrival to departure, both written as 'HH:MM'. A departure that is earlier than the arrival is on the next day; equal times are a stay of 0 minutes. The first <a> minutes of every stay are free. After them every hour that has begun costs <b> euros, even if it is not full; exactly 60 minutes are one hour. Return the fee in euros.",
            "Return what a driver pays, in whole euros. You get two clock times like '08:05'; if the second one is earlier than the first, midnight has passed in between (equal times: no time has passed). Take <a> free minutes off the stay, but never go below zero. Round the rest up to whole hours and charge <b> euros for each hour.",
            "Parking is free for the first <a> minutes and then costs <b> euros per hour, where a last hour that is not full costs as much as a full one. Given the times of arrival and departure as texts 'HH:MM', return the price of the stay as a number. Stays are shorter than 24 hours and may go over midnight: then the departure is the smaller time.",
        ],
        right: "\
start, end = [int(time[:2]) * 60 + int(time[3:]) for time in (arrival, departure)]
stay = (end - start) % (24 * 60)
paid = max(0, stay - <a>)
return (paid + 59) // 60 * <b>",
        also: "\
hours, minutes = map(int, arrival.split(':'))
until, rest = map(int, departure.split(':'))
stay = ((until - hours) * 60 + rest - minutes) % 1440
return math.ceil(max(0, stay - <a>) / 60) * <b>",
        wrong: "\
start, end = [int(time[:2]) * 60 + int(time[3:]) for time in (arrival, departure)]
stay = (end - start) % (24 * 60)
paid = max(0, stay - <a>)
return (paid // 60 + 1) * <b>",
        input: |draw, p| {
            let (start, rest) = (draw.random_range(1000..1440), one(draw, &[-5, 0, 0, 1, 25]));
            vec![clock(start).into(), clock(start + p.a + 60 * draw.random_range(0..6) + rest).into()]
        },
        truth: |p, x| {
            let stay = (minutes(&x[1]) - minutes(&x[0])).rem_euclid(1440);
            ((0..).find(|hours| p.a + 60 * hours >= stay).unwrap() * p.b).into()
        },
    },
    TaskKind {
        name: "shift_planet_clock",
        arguments: "hour: int, minute: int, later: int",
        returns: "str",
        a: &[10, 16, 20, 30],
        b: &[40, 50, 80],
        t: NO_TEXT,
        asks: [
            "On a far planet a day has <a> hours and an hour has <b> minutes; both are counted from 0. It is now the given hour and minute. Return the time that the clock shows the given number of minutes later, as 'hour:minute' with at least two digits for the minute only, such as '7:05'. If n days have begun in between and n is more than 0, append '+n', as in '7:05+2'.",
            "A day of our calendar is <a> hours of <b> minutes each. Add later minutes to the time hour:minute and write the new time as a text like '3:09': the hour without leading zeros, a colon, the minute with two digits. When the new time lies n days after the day of the start (n at least 1), put '+' and n behind it.",
            "Somewhere a clock runs from hour 0 to the last of <a> hours and starts again, and each of its hours has <b> minutes. Given hour, minute and how many minutes later we look, return what it shows: the hour as it is, ':' and the minute padded to two digits. Each start at hour 0 begins a new day; append '+' and the number of new days unless it is 0.",
        ],
        right: "\
days, rest = divmod(hour * <b> + minute + later, <a> * <b>)
hour, minute = divmod(rest, <b>)
suffix = f'+{days}' if days > 0 else ''
return f'{hour}:{minute:02d}{suffix}'",
        also: "\
minute += later
hour += minute // <b>
days = '+' + str(hour // <a>) if hour >= <a> else ''
return str(hour % <a>) + ':' + str(minute % <b>).zfill(2) + days",
        wrong: "\
days, hour = divmod(hour + later // <b>, <a>)
minute = (minute + later) % <b>
suffix = f'+{days}' if days > 0 else ''
return f'{hour}:{minute:02d}{suffix}'",
        input: |draw, p| {
            let time = [draw.random_range(0..p.a), draw.random_range(p.b / 2..p.b)];
            vec![time[0].into(), time[1].into(), draw.random_range(5..p.a * p.b * 3 / 2).into()]
        },
        truth: |p, x| {
            let total = x[0].int() * p.b + x[1].int() + x[2].int();
            let days = if total < p.a * p.b { String::new() } else { format!("+{}", total / (p.a * p.b)) };
            format!("{}:{:02}{days}", total / p.b % p.a, total % p.b).into()
        },
    },
    TaskKind {
        name: "count_open_minutes",
        arguments: "start: str, end: str",
        returns: "int",
        a: &[8, 9, 10],
        b: &[16, 18, 20],
        t: NO_TEXT,
        asks: [
            "A shop is open every day from <a>:00 to <b>:00, but it is closed from 12:00 to 13:00. The power fails from start to end, two times of the same day written as 'HH:MM', start not after end. Return during how many minutes of the power cut the shop should have been open.",
            "The hours of an office are <a>:00 to 12:00 and 13:00 to <b>:00. For a visit that begins at start and is over at end (texts such as '09:30', on one day, the end is never before the start), return the number of minutes of the visit that lie within these hours, or 0 if none do.",
            "Given the two times 'HH:MM' between which a worker was in the building (the first is not later than the second), return the minutes that are paid. Paid is only what lies between <a>:00 and <b>:00, and the break from 12:00 to 13:00 is never paid, whether all of it or a part of it was spent in the building.",
        ],
        right: "\
first, last = [int(time[:2]) * 60 + int(time[3:]) for time in (start, end)]
morning = min(last, 12 * 60) - max(first, <a> * 60)
afternoon = min(last, <b> * 60) - max(first, 13 * 60)
return max(0, morning) + max(0, afternoon)",
        also: "\
first, last = [int(time[:2]) * 60 + int(time[3:]) for time in (start, end)]
open_hours = [hour for hour in range(<a>, <b>) if hour != 12]
inside = [minute for minute in range(first, last) if minute // 60 in open_hours]
return len(inside)",
        wrong: "\
first, last = [int(time[:2]) * 60 + int(time[3:]) for time in (start, end)]
total = max(0, min(last, <b> * 60) - max(first, <a> * 60))
lunch = 60 if first <= 12 * 60 and last >= 13 * 60 else 0
return total - lunch",
        input: |draw, _| {
            let (x, y) = (draw.random_range(715..785), draw.random_range(420..1300));
            vec![clock(x.min(y)).into(), clock(x.max(y)).into()]
        },
        truth: |p, x| {
            let open = |minute: &i64| minute / 60 != 12 && (p.a * 60..p.b * 60).contains(minute);
            (minutes(&x[0])..minutes(&x[1])).filter(open).count().into()
        },
    },
    TaskKind {
        name: "find_free_weekday",
        arguments: "first: int, holidays: List[int]",
        returns: "int",
        a: &[2, 3, 4],
        b: &[1, 2, 4, 6],
        t: NO_TEXT,
        asks: [
            "Weekdays are numbered from 0 (Monday) to 6 (Sunday). A month has 31 days, and its day 1 has the weekday first. A club meets on days with weekday <b>, but not on days of the month that are in holidays. Return the day of the month of meeting number <a> (the earliest meeting is number 1), or 0 if there are fewer meetings.",
            "Of a month with the days 1 to 31 we know the weekday of its first day, a number from 0 for Monday to 6 for Sunday. List the days whose weekday is <b>, leave out those that stand in holidays, and return the one at place <a> of the rest, counting places from 1. If the rest is too short, return 0.",
            "Which day of a month of 31 days is free day number <a>? Free is a day whose weekday is <b> (Monday is 0, Sunday is 6) and that is not a holiday. The arguments are the weekday of day 1 and the list of the month's holidays as days of the month. Count free days from 1, and return 0 when the month has not that many.",
        ],
        right: "\
free = []
for day in range(1, 32):
    if (first + day - 1) % 7 == <b> and day not in holidays:
        free.append(day)
return free[<a> - 1] if len(free) >= <a> else 0",
        also: "\
start = (<b> - first) % 7 + 1
free = [day for day in range(start, 32, 7)]
free = [day for day in free if day not in holidays]
return (free + [0] * <a>)[<a> - 1]",
        wrong: "\
free = []
for day in range(1, 32):
    if (first + day) % 7 == <b> and day not in holidays:
        free.append(day)
return free[<a> - 1] if len(free) >= <a> else 0",
        input: |draw, p| {
            let day = draw.random_range(1..=7);
            let holidays = some(draw, 1..=3, &[day, day + 7, day + 14, day + 21, 10, 25]);
            vec![(p.b + 1 - day).rem_euclid(7).into(), holidays.into()]
        },
        truth: |p, x| {
            let free = |day: &i64| (x[0].int() + day + 6) % 7 == p.b && !x[1].ints().contains(day);
            (1..=31).filter(free).nth(p.a as usize - 1).unwrap_or(0).into()
        },
    },
    TaskKind {
        name: "locate_day_of_year",
        arguments: "number: int",
        returns: "List[int]",
        a: &[20, 25, 31],
        b: &[18, 22, 30],
        t: NO_TEXT,
        asks: [
            "An old calendar has 12 months. The months 1, 3, 5, 7, 9 and 11 have <a> days each, the others have <b> days each. Given the number of a day of the year, where 1 is the first day of month 1, return [month, day of the month], both counted from 1. If the number is beyond the last day of the year, return an empty list.",
            "In a made-up year of twelve months, months with an odd number are <a> days long and months with an even number <b> days. Turn number, which is at least 1 and counts the days from the start of the year, into a list of the month and the day in that month, both starting at 1. When the year has fewer days than that, return [].",
            "Return the date [month, day] of a day of which only its place in the year is known (the first day has the place 1). The year's 12 months alternate between <a> days, which month 1 has, and <b> days, which month 2 has. Months and days count from 1. For a place after the end of month 12 the answer is the empty list.",
        ],
        right: "\
for month, length in enumerate([<a>, <b>] * 6, 1):
    if number <= length:
        return [month, number]
    number -= length
return []",
        also: "\
days = []
for n in range(12):
    days += [[n + 1, day + 1] for day in range([<a>, <b>][n % 2])]
return days[number - 1] if number <= len(days) else []",
        wrong: "\
for month, length in enumerate([<a>, <b>] * 6, 1):
    if number < length:
        return [month, number]
    number -= length
return []",
        input: |draw, p| {
            let rest = [p.a, p.a + p.b, draw.random_range(1..p.a)];
            vec![((p.a + p.b) * draw.random_range(0..=6) + one(draw, &rest)).into()]
        },
        truth: |p, x| {
            let days = |month: i64| (1..=if month % 2 == 1 { p.a } else { p.b }).map(move |day| vec![month, day]);
            (1..=12).flat_map(days).nth(x[0].int() as usize - 1).unwrap_or_default().into()
        },
    },
    TaskKind {
        name: "count_calendar_days",
        arguments: "first: int, last: int",
        returns: "int",
        a: &[3, 4, 5],
        b: &[12, 20, 30],
        t: NO_TEXT,
        asks: [
            "In our calendar a year has 366 days if its number is divisible by <a> but not by <b>; every other year has 365 days. Given two years, return how many days all the years from one to the other have together. Both years count, and either of them may be the earlier one; if they are equal, it is one year.",
            "Years divisible by <a> are leap years of 366 days, except those that are divisible by <b> as well: they have 365 days like all the rest. Return the sum of the days of the years between first and last, including these two. Note that first can be greater than last, and then the same years are meant.",
            "Add up the lengths of a span of years. The two arguments are the years at its ends in any order, and both ends belong to it. A year is 365 days long, or 366 days if <a> divides its number and <b> does not divide it. Return the total number of days.",
        ],
        right: "\
days = 0
for year in range(min(first, last), max(first, last) + 1):
    days += 366 if year % <a> == 0 and year % <b> != 0 else 365
return days",
        also: "\
years = range(min(first, last), max(first, last) + 1)
days = 365 * len(years)
days += sum(year % <a> == 0 and year % <b> != 0 for year in years)
return days",
        wrong: "\
days = 0
for year in range(first, last + 1):
    leap = year % <a> == 0 and year % <b> != 0
    days += 366 if leap else 365
return days",
        input: |draw, _| {
            let year: i64 = draw.random_range(1900..2100);
            vec![year.into(), (year + draw.random_range(-50..=50)).into()]
        },
        truth: |p, x| {
            let (first, last) = (x[0].int().min(x[1].int()), x[0].int().max(x[1].int()));
            let leaps = (first..=last).filter(|year| year % p.a == 0 && year % p.b != 0).count() as i64;
            (365 * (last - first + 1) + leaps).into()
        },
    },
    TaskKind {
        name: "round_clock_time",
        arguments: "time: str",
        returns: "str",
        a: &[4, 10, 12, 20],
        b: NO_NUMBER,
        t: &[":", "h", "."],
        asks: [
            "Round a time of the day, a text 'HH:MM', to the nearest multiple of <a> minutes after midnight. A time that is exactly in the middle of two multiples is rounded to the earlier one. Return it as two digits for the hour, the sign '<t>' and two digits for the minute; after the end of the day comes hour 00 again.",
            "A clock has stops every <a> minutes, beginning at midnight. Move the given time (such as '07:58') to the stop that is closest, going back if two stops are equally close. Answer with the hour, '<t>' and the minute, both in two digits, where 24 hours are written as hour 00.",
            "Given a time as 'HH:MM', return the time that is a whole multiple of <a> minutes after 00:00 and differs least from it; in a tie take the smaller. Write hour and minute in two digits each with '<t>' between them. If rounding leads to the end of the day, the result is the midnight with hour 00.",
        ],
        right: "\
total = int(time[:2]) * 60 + int(time[3:])
stop = total - total % <a>
stop = stop if total - stop <= <a> // 2 else stop + <a>
return f'{stop // 60 % 24:02d}<t>{stop % 60:02d}'",
        also: "\
hour, minute = map(int, time.split(':'))
steps = (60 * hour + minute + <a> // 2 - 1) // <a>
minutes = steps * <a> % (24 * 60)
return f'{minutes // 60:02d}<t>{minutes % 60:02d}'",
        wrong: "\
total = int(time[:2]) * 60 + int(time[3:])
stop = total - total % <a>
stop = stop if total - stop < <a> // 2 else stop + <a>
return f'{stop // 60 % 24:02d}<t>{stop % 60:02d}'",
        input: |draw, p| {
            let step = draw.random_range(0..1440 / p.a + 60).min(1440 / p.a - 1);
            vec![clock(step * p.a + p.a / 2 + one(draw, &[-1, 0, 0, 1])).into()]
        },
        truth: |p, x| {
            let distance = |stop: &i64| (stop - minutes(&x[0])).abs();
            clock((0..=1440).step_by(p.a as usize).min_by_key(distance).unwrap()).replace(':', p.t).into()
        },
    },
    TaskKind {
        name: "count_busy_minutes",
        arguments: "appointments: List[List[int]]",
        returns: "int",
        a: &[5, 10, 15],
        b: &[20, 25, 30],
        t: NO_TEXT,
        asks: [
            "Appointments are pairs [start, end], in minutes after midnight, in any order; they may overlap, and [60, 100] lasts 40 minutes. For each of them one is busy from <a> minutes before its start until <b> minutes after its end. Return how many minutes one is busy in all, where a minute that belongs to more than one appointment counts only once. Without appointments it is 0.",
            "A doctor needs <a> minutes to get to a visit and <b> minutes to get back. Visits are given as [start, end] in minutes, not sorted, and can lie within each other. Widen each visit by these minutes on its two sides and return the total length of the time that is covered by at least one of the widened visits (0 for an empty list).",
            "Given a list of meetings [start, end] (whole minutes of a day, in no special order), return the number of minutes that are blocked. A meeting blocks the time between its start minus <a> and its end plus <b>, so it blocks end - start + <a> + <b> minutes if it is alone. Time blocked by several meetings is counted once.",
        ],
        right: "\
total = reach = 0
for start, end in sorted(appointments):
    total += max(end + <b>, reach) - max(start - <a>, reach)
    reach = max(end + <b>, reach)
return total",
        also: "\
busy = set()
for start, end in appointments:
    leaves, returns = start - <a>, end + <b>
    busy = busy | set(range(leaves, returns))
return len(busy)",
        wrong: "\
total = reach = 0
for start, end in sorted(appointments):
    total += max(end + <b>, reach) - max(start, reach) + <a>
    reach = max(end + <b>, reach)
return total",
        input: |draw, _| {
            let times = numbers(draw, 0..=3, 100..=140).into_iter().map(|n| vec![5 * n, 5 * n + 20 + n % 7 * 15]);
            vec![times.collect::<Vec<_>>().into()]
        },
        truth: |p, x| {
            let busy = |minute: &i64| x[0].rows().iter().any(|x| (x[0] - p.a..x[1] + p.b).contains(minute));
            (0..2000).filter(busy).count().into()
        },
    },
    TaskKind {
        name: "find_next_departure",
        arguments: "times: List[str], now: str",
        returns: "str",
        a: &[3, 5, 10],
        b: NO_NUMBER,
        t: &["+1", "*", " tomorrow"],
        asks: [
            "A bus leaves every day at the given times, texts 'HH:MM' in no special order. It takes <a> minutes to walk to the stop. Return the earliest of the times that is at least <a> minutes after now. If no time of the list is, return the smallest time of the list with '<t>' appended. If the list is empty, return an empty text.",
            "From a timetable that is not sorted (texts like '06:45'), choose the first tram that leaves <a> minutes after now or later on the same day, and return its time as it is written there. When there is no such tram, answer with the earliest tram of the timetable, followed by '<t>'. An empty timetable gives ''.",
            "Given departures of a ferry as 'HH:MM' in any order and the present time, return the departure that is next. A departure less than <a> minutes from now is missed, just as those in the past. If all are missed, return the earliest departure of all and put '<t>' right behind it; without any departures return ''.",
        ],
        right: "\
earliest = int(now[:2]) * 60 + int(now[3:]) + <a>
for time in sorted(times):
    if int(time[:2]) * 60 + int(time[3:]) >= earliest:
        return time
return min(times) + '<t>' if times else ''",
        also: "\
value = lambda time: int(time[:2]) * 60 + int(time[3:])
left = [time for time in times if value(time) - value(now) >= <a>]
best = min(left or times, default='')
return best if left or not times else best + '<t>'",
        wrong: "\
earliest = int(now[:2]) * 60 + int(now[3:]) + <a>
for time in sorted(times):
    if int(time[:2]) * 60 + int(time[3:]) > earliest:
        return time
return min(times) + '<t>' if times else ''",
        input: |draw, p| {
            let (now, times) = (draw.random_range(600..1400), numbers(draw, 0..=2, 320..=1420));
            let times = [times, some(draw, 0..=2, &[now + p.a, now + p.a, now + p.a - 1])].concat();
            vec![times.into_iter().map(clock).collect::<Vec<_>>().into(), clock(now).into()]
        },
        truth: |p, x| {
            let missed = |time: i64| minutes(&x[1]) + p.a > time;
            let next = x[0].list().iter().map(minutes).min_by_key(|time| (missed(*time), *time));
            next.map_or(String::new(), |time| clock(time) + if missed(time) { p.t } else { "" }).into()
        },
    },
    TaskKind {
        name: "list_sleeping_cities",
        arguments: "hour: int, offsets: Dict[str, int]",
        returns: "List[str]",
        a: &[21, 22, 23],
        b: &[5, 6, 7],
        t: NO_TEXT,
        asks: [
            "At the given full hour (0 to 23) of world time, find the cities where people sleep. The dictionary has the hours to add to world time for each city; they may be negative, and local time starts again at 0 after 23. People sleep from hour <a> until before hour <b> of the morning. Return the sleeping cities sorted by their offset, and by name where it is equal.",
            "Each city's local hour is hour plus its offset, taken around the clock of 24 hours. A city is asleep if its local hour is <a> or later, or if it is earlier than <b>. Return a list of all cities that are asleep: a smaller offset comes first, and cities with the same offset are in alphabetical order.",
            "Given an hour of the day in London and, by city, how many hours its clocks are ahead (or behind, if negative), return the names of cities where it is night. Night begins with hour <a> and goes on over midnight; hour <b> is no longer night. Clocks show hours 0 to 23. Order the names by offset from small to large, equal offsets by name.",
        ],
        right: "\
asleep = []
for offset, city in sorted((offsets[city], city) for city in offsets):
    if (hour + offset) % 24 >= <a> or (hour + offset) % 24 < <b>:
        asleep.append(city)
return asleep",
        also: "\
night = list(range(<a>, 24)) + list(range(<b>))
asleep = [city for city in offsets if (hour + offsets[city]) % 24 in night]
asleep.sort(key=lambda city: (offsets[city], city))
return asleep",
        wrong: "\
asleep = []
for offset, city in sorted((offsets[city], city) for city in offsets):
    if (hour + offset) % 24 >= <a> or (hour + offset) % 24 <= <b>:
        asleep.append(city)
return asleep",
        input: |draw, p| {
            let (hour, hours) = (draw.random_range(0..24), [p.a - 1, p.a, p.b - 1, p.b, p.b]);
            let cities = &["Oslo", "Lima", "Bern", "Delhi"][draw.random_range(1..4)..];
            let offset = |x| (x, (one(draw, &hours) - hour + 11).rem_euclid(24) - 11);
            vec![hour.into(), Value::map(cities.iter().copied().map(offset))]
        },
        truth: |p, x| {
            let mut cities = x[1].entries().to_vec();
            cities.retain(|(_, offset)| !(p.b..p.a).contains(&(x[0].int() + offset.int()).rem_euclid(24)));
            cities.sort_by_key(|(city, offset)| (offset.int(), city.to_string()));
            cities.into_iter().map(|(city, _)| city).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "find_due_date",
        arguments: "date: str",
        returns: "str",
        a: &[2, 3, 5, 7],
        b: &[20, 25, 28],
        t: NO_TEXT,
        asks: [
            "A bill is written on a date 'YYYY-MM-DD' and is due <a> months later on the same day of the month; but if that day is greater than <b>, it is due on day <b> of that month. Return the date on which it is due in the same form, with two digits for the month and the day.",
            "Add <a> months to a date such as '2024-03-09' and keep its day, except that days after the <b>th become the <b>th. After month 12 the next year begins. Return the new date as a text of the same form, with leading zeros in month and day.",
            "Given the day of a purchase as a text 'YYYY-MM-DD', return the last day to pay in the same format (two digits for months and days). The month moves on by <a>, into the next year if need be. The day of the month stays what it is, but is never more than <b>: greater ones are lowered to it.",
        ],
        right: "\
year, month, day = map(int, date.split('-'))
year += (month + <a> - 1) // 12
month = (month + <a> - 1) % 12 + 1
return f'{year}-{month:02d}-{min(day, <b>):02d}'",
        also: "\
year, month, day = map(int, date.split('-'))
month += <a>
if month > 12:
    year, month = year + 1, month - 12
return f'{year}-{month:02d}-{min(day, <b>):02d}'",
        wrong: "\
year, month, day = map(int, date.split('-'))
year += (month + <a>) // 12
month = (month + <a>) % 12
return f'{year}-{month:02d}-{min(day, <b>):02d}'",
        input: |draw, p| {
            let (month, day) =
                (one(draw, &[1, 8, 11, 12, 12 - p.a, 12 - p.a, 12 - p.a]), one(draw, &[1, 12, p.b, p.b + 1, p.b + 2]));
            vec![format!("{}-{month:02}-{day:02}", draw.random_range(1990..2030)).into()]
        },
        truth: |p, x| {
            let parts: Vec<i64> = x[0].text().split('-').map(|part| part.parse().unwrap()).collect();
            let mut months = (parts[0]..).flat_map(|year| (1..=12).map(move |month| format!("{year}-{month:02}")));
            format!("{}-{:02}", months.nth((parts[1] - 1 + p.a) as usize).unwrap(), parts[2].min(p.b)).into()
        },
    },
];

/// As a clock shows it.
fn clock(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
}

/// Minutes after midnight of what a clock shows.
fn minutes(time: &Value) -> i64 {
    time.text().split(':').fold(0, |sum, part| sum * 60 + part.parse::<i64>().unwrap())
}
