//! Clock times, durations, weekdays, dates and years: familiar tasks with one parameter or two.

use super::{NO_NUMBER, NO_TEXT};
use crate::draw::{numbers, one, some};
use crate::{TaskKind, Value};
use rand::RngExt;

pub(super) static KINDS: [TaskKind; 11] = [
    TaskKind {
        name: "add_minutes_to_time",
        arguments: "time: str",
        returns: "str",
        a: &[15, 20, 25, 30, 40, 45, 50, 75, 90, 100],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Given a time of day as a text 'HH:MM' (24 hours), return the time <a> minutes later in the same form. After 23:59 comes 00:00.",
            "Add <a> minutes to a clock time such as '09:05' and return the new time, again as 'HH:MM' with two digits each. The clock starts again at '00:00' after '23:59'.",
            "A film starts at the given time and lasts <a> minutes. Return the time at which it ends. Times are texts 'HH:MM' from '00:00' to '23:59'; the end may be after midnight.",
        ],
        right: "\
hours, minutes = map(int, time.split(':'))
total = (hours * 60 + minutes + <a>) % 1440
return f'{total // 60:02d}:{total % 60:02d}'",
        also: "\
minutes = int(time[3:]) + <a>
hours = (int(time[:2]) + minutes // 60) % 24
minutes = minutes % 60
return f'{hours:02d}:{minutes:02d}'",
        wrong: "\
hours, minutes = map(int, time.split(':'))
total = hours * 60 + minutes + <a>
return f'{total // 60:02d}:{total % 60:02d}'",
        input: |draw, p| {
            let until = one(draw, &[1440, p.a, p.a, p.a]);
            vec![clock(1440 - draw.random_range(1..=until)).into()]
        },
        truth: |p, x| clock((minutes(x[0].text()) + p.a).rem_euclid(1440)).into(),
    },
    TaskKind {
        name: "count_years_in_century",
        arguments: "years: List[int]",
        returns: "int",
        a: &[12, 13, 14, 15, 16, 17, 18, 19, 20],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Return how many of the given years are in the <a>th century. The 1st century is the years 1 to 100, the 2nd century is the years 101 to 200, and so on.",
            "Count the years in a list that belong to the <a>th century and return the count. Note that the year 100 is still in the 1st century, and the year 101 is in the 2nd.",
            "Given a list of years, return the number of those that lie in century number <a>. Century 1 has the years from 1 to 100, century 2 those from 101 to 200 and so forth.",
        ],
        right: "\
count = 0
for year in years:
    if (year - 1) // 100 + 1 == <a>:
        count += 1
return count",
        also: "\
last = <a> * 100
first = last - 99
inside = [year for year in years if first <= year <= last]
return len(inside)",
        wrong: "\
count = 0
for year in years:
    if year // 100 + 1 == <a>:
        count += 1
return count",
        input: |draw, p| {
            let last = p.a * 100;
            let inside = last - draw.random_range(1..99);
            vec![some(draw, 4..=7, &[last, last, inside, last - 99, last - 100, inside - 100, last + 37]).into()]
        },
        truth: |p, x| {
            let century: Vec<i64> = (1..=100).map(|year| (p.a - 1) * 100 + year).collect();
            x[0].ints().iter().filter(|year| century.contains(year)).count().into()
        },
    },
    TaskKind {
        name: "list_arrival_days",
        arguments: "days: List[str]",
        returns: "List[str]",
        a: &[2, 3, 4, 5, 6, 8, 9, 10, 11],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "The days of the week are 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'. For each day in the list find the day of the week <a> days later, and return these days as a list in the same order.",
            "Letters are sent on the given days of the week ('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat' or 'Sun'), and each arrives <a> days later. Return the list of the days of the week on which they arrive.",
            "Move every weekday in the list forward by <a> days and return the new list. Weekdays are written 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', and after 'Sun' comes 'Mon' again.",
        ],
        right: "\
week = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
result = []
for day in days:
    result.append(week[(week.index(day) + <a>) % 7])
return result",
        also: "\
week = 'Mon Tue Wed Thu Fri Sat Sun'.split()
later = {}
for i in range(7):
    later[week[i]] = week[(i + <a>) % 7]
return [later[day] for day in days]",
        wrong: "\
week = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
result = []
for day in days:
    result.append(week[(week.index(day) + 1 + <a>) % 7])
return result",
        input: |draw, _| vec![some(draw, 2..=4, &WEEK).into()],
        truth: |p, x| {
            let later = |day: &str| *WEEK.iter().cycle().skip_while(|d| **d != day).nth(p.a as usize).unwrap();
            x[0].texts().into_iter().map(later).collect::<Vec<&str>>().into()
        },
    },
    TaskKind {
        name: "list_next_leap_years",
        arguments: "year: int",
        returns: "List[int]",
        a: &[2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Return a list of the first <a> leap years after the given year, not counting the year itself. A leap year is divisible by 4 but not by 100, or divisible by 400.",
            "Find the next <a> leap years that are later than year and return them as a list in ascending order. Leap years can be divided by 4, but not by 100 unless they can be divided by 400.",
            "Starting with the year after the given one, look for leap years until you have <a> of them. Return them in a list. The usual rule holds: years divisible by 4 are leap years, but of those divisible by 100 only the ones divisible by 400.",
        ],
        right: "\
result = []
while len(result) < <a>:
    year += 1
    if year % 4 == 0 and year % 100 != 0 or year % 400 == 0:
        result.append(year)
return result",
        also: "\
leap = []
while len(leap) < <a>:
    year = year + 1
    if year % 400 == 0 or (year % 4 == 0 and year % 100 != 0):
        leap.append(year)
return leap",
        wrong: "\
result = []
while len(result) < <a>:
    if year % 4 == 0 and year % 100 != 0 or year % 400 == 0:
        result.append(year)
    year += 1
return result",
        input: |draw, _| {
            let year = draw.random_range(1880i64..2110);
            vec![one(draw, &[year, year / 4 * 4, year / 4 * 4]).into()]
        },
        truth: |p, x| {
            let leap = |year: &i64| year % 16 == 0 || year % 4 == 0 && year % 25 != 0;
            (x[0].int() + 1..).filter(leap).take(p.a as usize).collect::<Vec<i64>>().into()
        },
    },
    TaskKind {
        name: "sort_late_times",
        arguments: "times: List[str]",
        returns: "List[str]",
        a: &[10, 11, 12, 13, 14, 15, 16, 17, 18],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Given a list of times 'HH:MM', keep those that are <a>:00 or later and return them sorted from the earliest to the latest.",
            "Remove all clock times before <a>:00 from the list and return the other ones in ascending order. A time is a text like '09:30'.",
            "Return a sorted list (early times first) of the given times of day that are not earlier than <a>:00. All times are texts of the form 'HH:MM'.",
        ],
        right: "\
late = []
for time in times:
    if int(time[:2]) >= <a>:
        late.append(time)
return sorted(late)",
        also: "\
late = []
for time in sorted(times):
    if time >= '<a>:00':
        late.append(time)
return late",
        wrong: "\
late = []
for time in times:
    if int(time[:2]) > <a>:
        late.append(time)
return sorted(late)",
        input: |draw, p| {
            let hours = some(draw, 4..=5, &[p.a - 3, p.a - 1, p.a, p.a, p.a + 2, p.a + 4, 9]);
            let time = |hour: i64| clock(hour * 60 + one(draw, &[0, 5, 10, 20, 30, 45]));
            vec![hours.into_iter().map(time).collect::<Vec<String>>().into()]
        },
        truth: |p, x| {
            let mut late: Vec<i64> = x[0].texts().into_iter().map(minutes).filter(|time| *time >= p.a * 60).collect();
            late.sort();
            late.into_iter().map(clock).collect::<Vec<String>>().into()
        },
    },
    TaskKind {
        name: "count_dates_by_month",
        arguments: "dates: List[str]",
        returns: "Dict[int, int]",
        a: &[2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Dates are texts 'YYYY-MM-DD'. Look only at the dates of the year <a> and count how many there are in each month. Return a dictionary from the month as a number to the count, with only the months that occur.",
            "Given a list of dates such as '2020-03-15' (year, month, day), return a dictionary that says for each month (a number from 1 to 12) how many dates it has in the year <a>. Leave out months without any.",
            "Count the dates from <a> by month. Each date is written as 'YYYY-MM-DD'; skip the dates of other years. Return a dictionary whose keys are the month numbers that occur and whose values are the counts.",
        ],
        right: "\
counts = {}
for date in dates:
    year, month, day = map(int, date.split('-'))
    if year == <a>:
        counts[month] = counts.get(month, 0) + 1
return counts",
        also: "\
counts = {}
months = [int(date[5:7]) for date in dates if date[:4] == '<a>']
for month in months:
    counts[month] = months.count(month)
return counts",
        wrong: "\
counts = {}
for date in dates:
    year, day, month = map(int, date.split('-'))
    if year == <a>:
        counts[month] = counts.get(month, 0) + 1
return counts",
        input: |draw, p| {
            let months = [draw.random_range(1..=12), draw.random_range(1..=12)];
            let years = some(draw, 3..=4, &[p.a - 1, p.a, p.a, p.a, p.a + 1]);
            let date = |year: i64| format!("{year}-{:02}-{:02}", one(draw, &months), draw.random_range(1..=28));
            vec![years.into_iter().map(date).collect::<Vec<String>>().into()]
        },
        truth: |p, x| {
            let dates = x[0].texts();
            let month = |m: &i64| dates.iter().filter(|date| date[..7] == format!("{}-{m:02}", p.a)).count();
            Value::map((1..=12i64).map(|m| (m, month(&m))).filter(|(_, count)| *count > 0))
        },
    },
    TaskKind {
        name: "name_later_season",
        arguments: "month: int",
        returns: "str",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Given a month as a number from 1 to 12, return the season <a> months later. The months 12, 1 and 2 are 'winter', 3 to 5 are 'spring', 6 to 8 are 'summer', and 9 to 11 are 'autumn'.",
            "It is the given month (1 is January, 12 is December). Which season is it in <a> months? Return 'spring' for March to May, 'summer' for June to August, 'autumn' for September to November and 'winter' for December to February.",
            "Add <a> months to month, a number from 1 to 12 (after 12 comes 1 again), and return the season of the new month: 'winter' (12, 1, 2), 'spring' (3, 4, 5), 'summer' (6, 7, 8) or 'autumn' (9, 10, 11).",
        ],
        right: "\
month = (month + <a> - 1) % 12 + 1
if month in [12, 1, 2]:
    return 'winter'
if month <= 5:
    return 'spring'
return 'summer' if month <= 8 else 'autumn'",
        also: "\
seasons = ['winter', 'spring', 'summer', 'autumn']
for step in range(<a>):
    month = month + 1 if month < 12 else 1
return seasons[month % 12 // 3]",
        wrong: "\
month = (month + <a>) % 12
if month in [12, 1, 2]:
    return 'winter'
if month <= 5:
    return 'spring'
return 'summer' if month <= 8 else 'autumn'",
        input: |draw, p| {
            let month = draw.random_range(1..=12);
            vec![one(draw, &[12 - p.a, 12 - p.a, month]).into()]
        },
        truth: |p, x| ["winter", "spring", "summer", "autumn"][((x[0].int() + p.a) % 12 / 3) as usize].into(),
    },
    TaskKind {
        name: "list_bus_times",
        arguments: "hour: int, count: int",
        returns: "List[str]",
        a: &[12, 15, 18, 20, 24, 25, 30, 35, 40, 45],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "The first bus leaves at the full hour given, and after it a bus leaves every <a> minutes. Return a list of the times of the first count buses as texts 'HH:MM'. All of them leave before midnight.",
            "Return a list of count times of day, written as 'HH:MM' with two digits each. The first is hour:00, and each of the others is <a> minutes after the one before it. The list never reaches midnight.",
            "A timetable starts at a full hour, such as '08:00' for hour 8, and has count times with <a> minutes from one to the next. Return them all as a list of texts 'HH:MM'. They are all on the same day.",
        ],
        right: "\
times = []
for i in range(count):
    total = hour * 60 + i * <a>
    times.append(f'{total // 60:02d}:{total % 60:02d}')
return times",
        also: "\
times = []
minute = hour * 60
while len(times) < count:
    times.append(f'{minute // 60:02d}:{minute % 60:02d}')
    minute += <a>
return times",
        wrong: "\
times = []
for i in range(1, count + 1):
    total = hour * 60 + i * <a>
    times.append(f'{total // 60:02d}:{total % 60:02d}')
return times",
        input: |draw, _| vec![draw.random_range(5i64..=19).into(), draw.random_range(2i64..=5).into()],
        truth: |p, x| {
            let start = x[0].int() * 60;
            (start..).step_by(p.a as usize).take(x[1].int() as usize).map(clock).collect::<Vec<String>>().into()
        },
    },
    TaskKind {
        name: "names_old_enough",
        arguments: "births: Dict[str, int]",
        returns: "List[str]",
        a: &[16, 18, 21, 65],
        b: &[2020, 2023, 2025],
        t: NO_TEXT,
        asks: [
            "The dictionary maps names to years of birth. Return the names of all who are at least <a> years old in the year <b>, in alphabetical order. The age is just <b> minus the year of birth.",
            "Given the year of birth of each person by name, find everyone whose age in <b> (the difference of the years) is <a> or more. Return their names as a sorted list.",
            "Who has an age of <a> or more in the year <b>? Compute ages by subtracting the year of birth, which is the value that the dictionary has for each name, and return a list of the names sorted from A to Z.",
        ],
        right: "\
names = []
for name, year in births.items():
    if <b> - year >= <a>:
        names.append(name)
return sorted(names)",
        also: "\
names = []
for name in sorted(births):
    age = <b> - births[name]
    if age >= <a>:
        names.append(name)
return names",
        wrong: "\
names = []
for name, year in births.items():
    if <b> - year > <a>:
        names.append(name)
return sorted(names)",
        input: |draw, p| {
            let names = [["Ben", "Gus"], ["Ida", "Zoe"], ["Ann", "Eva"], ["Dan", "Cleo"]];
            let year = |draw: &mut _| p.b - p.a + one(draw, &[-9, -4, -1, 0, 0, 0, 1, 5]);
            vec![Value::map(names.map(|pair| (one(draw, &pair), year(draw))))]
        },
        truth: |p, x| {
            let mut people = x[0].entries().to_vec();
            people.retain(|(_, year)| year.int() + p.a <= p.b);
            people.sort_by_key(|(name, _)| name.to_string());
            people.into_iter().map(|(name, _)| name).collect::<Vec<Value>>().into()
        },
    },
    TaskKind {
        name: "count_long_trips",
        arguments: "durations: List[str]",
        returns: "int",
        a: &[45, 50, 70, 75, 80, 90, 100, 110, 150],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Each duration is a text 'H:MM' of hours and minutes, so '1:05' is 65 minutes. Return how many of the durations are longer than <a> minutes.",
            "Given how long some trips took, as texts such as '2:15' for 2 hours and 15 minutes, count those that took more than <a> minutes. Return the count.",
            "Turn every duration 'H:MM' (hours, colon, minutes) in the list into minutes, and return the number of durations that have more than <a> minutes.",
        ],
        right: "\
count = 0
for duration in durations:
    hours, minutes = duration.split(':')
    if int(hours) * 60 + int(minutes) > <a>:
        count += 1
return count",
        also: "\
totals = []
for duration in durations:
    hours, minutes = map(int, duration.split(':'))
    totals.append(hours * 60 + minutes)
return sum(total > <a> for total in totals)",
        wrong: "\
count = 0
for duration in durations:
    hours, minutes = duration.split(':')
    if int(hours) * 60 + int(minutes) >= <a>:
        count += 1
return count",
        input: |draw, p| {
            let other = draw.random_range(10..200);
            let lengths = some(draw, 4..=6, &[p.a, p.a, p.a + 1, p.a - 5, p.a + 10, p.a + 60, p.a - 40, other]);
            vec![lengths.into_iter().map(|m| format!("{}:{:02}", m / 60, m % 60)).collect::<Vec<String>>().into()]
        },
        truth: |p, x| x[0].texts().into_iter().map(minutes).filter(|total| *total > p.a).count().into(),
    },
    TaskKind {
        name: "total_long_songs",
        arguments: "lengths: List[int]",
        returns: "str",
        a: &[90, 100, 120, 150, 160, 180, 200, 210, 240],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Given the lengths of songs in seconds, add up all lengths of at least <a> seconds. Return the total as a text of minutes and seconds, 'M:SS', such as '7:05'.",
            "Sum the lengths (in seconds) of the songs that last <a> seconds or more, and return the sum written as minutes, a colon and two digits for the seconds, like '12:30' or '0:00'.",
            "Leave out all songs shorter than <a> seconds and return how long the rest is together, in the form 'M:SS' (minutes and seconds, for example '4:09'). The list holds the length of each song in seconds.",
        ],
        right: "\
total = 0
for length in lengths:
    if length >= <a>:
        total += length
return f'{total // 60}:{total % 60:02d}'",
        also: "\
long = [length for length in lengths if length >= <a>]
minutes, seconds = divmod(sum(long), 60)
return str(minutes) + ':' + str(seconds).zfill(2)",
        wrong: "\
total = 0
for length in lengths:
    if length > <a>:
        total += length
return f'{total // 60}:{total % 60:02d}'",
        input: |draw, p| {
            let mut lengths = numbers(draw, 2..=4, p.a - 60..=p.a + 60);
            lengths.insert(1, p.a + one(draw, &[0, 0, 0, 1]));
            vec![lengths.into()]
        },
        truth: |p, x| {
            let total: i64 = x[0].ints().into_iter().filter(|length| *length >= p.a).sum();
            format!("{}:{:02}", total / 60, total % 60).into()
        },
    },
];

/// The days of the week.
const WEEK: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// As a clock shows it.
fn clock(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Minutes of a text of hours and minutes.
fn minutes(time: &str) -> i64 {
    time.split(':').fold(0, |sum, part| sum * 60 + part.parse::<i64>().unwrap())
}
