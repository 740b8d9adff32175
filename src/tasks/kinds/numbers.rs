//! Whole numbers: divisors, primes, digits, powers, sequences, bases.

use super::{NO_NUMBER, NO_TEXT};
use crate::TaskKind;
use crate::draw::{numbers, one};
use rand::RngExt;
use std::iter::successors;

pub(super) static KINDS: [TaskKind; 11] = [
    TaskKind {
        name: "sum_large_divisors",
        arguments: "number: int",
        returns: "int",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10, 12],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Return the sum of all divisors of a positive number that are greater than <a>. The number itself counts as a divisor. Return 0 if there is none.",
            "Find every divisor of the given positive number, including the number itself, and add up those that are larger than <a>. Return this sum (0 if there are none).",
            "Which numbers above <a>, up to and including the given number, divide it without a remainder? Return their sum, or 0 if there are none.",
        ],
        right: "\
total = 0
for divisor in range(1, number + 1):
    if number % divisor == 0 and divisor > <a>:
        total += divisor
return total",
        also: "\
total = 0
divisor = <a> + 1
while divisor <= number:
    if number % divisor == 0:
        total = total + divisor
    divisor += 1
return total",
        wrong: "\
total = 0
for divisor in range(1, number + 1):
    if number % divisor == 0 and divisor >= <a>:
        total += divisor
return total",
        input: |draw, p| {
            let near = p.a * draw.random_range(1..=9);
            vec![one(draw, &[near, near, 12, 20, 28, 36]).into()]
        },
        truth: |p, x| (p.a + 1..=x[0].int()).filter(|d| x[0].int() % d == 0).sum::<i64>().into(),
    },
    TaskKind {
        name: "list_powers_up_to",
        arguments: "limit: int",
        returns: "List[int]",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Return a list of all powers of <a> that are less than or equal to the limit, in ascending order. The first power is 1.",
            "Starting with 1, multiply by <a> again and again. Return the list of all these numbers, 1 included, that do not exceed the limit.",
            "List the powers of <a> (1, <a>, <a> squared and so on) from the smallest up to the limit. The limit itself is included if it is a power. Return the list.",
        ],
        right: "\
powers = []
power = 1
while power <= limit:
    powers.append(power)
    power *= <a>
return powers",
        also: "\
result = []
exponent = 0
while <a> ** exponent <= limit:
    result.append(<a> ** exponent)
    exponent += 1
return result",
        wrong: "\
powers = []
power = 1
while power < limit:
    powers.append(power)
    power *= <a>
return powers",
        input: |draw, p| {
            let (power, other) = (p.a.pow(draw.random_range(1..=4)), draw.random_range(1..=500));
            vec![one(draw, &[power, power, other]).into()]
        },
        truth: |p, x| (0..20).map(|e| p.a.pow(e.min(15))).take_while(|y| *y <= x[0].int()).collect::<Vec<_>>().into(),
    },
    TaskKind {
        name: "sum_large_digits",
        arguments: "number: int",
        returns: "int",
        a: &[1, 2, 3, 4, 5, 6, 7, 8],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Add up the digits of a positive number that are greater than or equal to <a>. Return the sum, or 0 if there is no such digit.",
            "Return the sum of those digits of the given number that are at least <a>. Smaller digits are not counted.",
            "Go through the digits of the number. Ignore every digit less than <a>, and return the sum of the other digits.",
        ],
        right: "\
total = 0
for digit in str(number):
    if int(digit) >= <a>:
        total += int(digit)
return total",
        also: "\
result = 0
while number > 0:
    if number % 10 >= <a>:
        result += number % 10
    number //= 10
return result",
        wrong: "\
total = 0
for digit in str(number):
    if int(digit) > <a>:
        total += int(digit)
return total",
        input: |draw, p| {
            let mut digits = numbers(draw, 3..=6, 1..=9);
            let at = draw.random_range(0..digits.len());
            digits[at] = one(draw, &[p.a, p.a, 9]);
            vec![digits.into_iter().fold(0, |n, digit| 10 * n + digit).into()]
        },
        truth: |p, x| {
            let digits = x[0].to_string().into_bytes();
            digits.into_iter().map(|c| i64::from(c - b'0')).filter(|d| *d >= p.a).sum::<i64>().into()
        },
    },
    TaskKind {
        name: "build_sum_sequence",
        arguments: "count: int",
        returns: "List[int]",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "A sequence works like the Fibonacci numbers but starts with 1 and <a>: each further number is the sum of the two before it. Return a list of its first count numbers (count is at least 2).",
            "Build a list that begins with 1 and <a>. Keep appending the sum of the last two numbers until the list has count numbers in all, and return it. The count is at least 2.",
            "Return the first count numbers of the sequence whose first number is 1, whose second number is <a>, and in which every later number is the sum of the previous two. The count is never less than 2.",
        ],
        right: "\
sequence = [1, <a>]
while len(sequence) < count:
    sequence.append(sequence[-1] + sequence[-2])
return sequence",
        also: "\
result = []
x, y = 1, <a>
for i in range(count):
    result.append(x)
    x, y = y, x + y
return result",
        wrong: "\
sequence = [1, <a>]
for i in range(count):
    sequence.append(sequence[-1] + sequence[-2])
return sequence",
        input: |draw, _| vec![draw.random_range(2..=10_i64).into()],
        truth: |p, x| {
            let next = |(m, n): &(i64, i64)| Some((*n, m + n));
            let pairs = successors(Some((1, p.a)), next).take(x[0].int() as usize);
            pairs.map(|pair| pair.0).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "count_collatz_steps",
        arguments: "number: int",
        returns: "int",
        a: &[5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "A Collatz step halves an even number and turns an odd number n into 3 * n + 1. Repeat this step as long as the number is greater than or equal to <a>. Return how many steps were made.",
            "Count the Collatz steps (n / 2 if n is even, 3 * n + 1 if n is odd) that it takes until the given number has become less than <a>. If it is less than <a> at the start, the answer is 0.",
            "While the number is at least <a>, replace it: an even number by its half, an odd number by three times itself plus one. Return the number of replacements.",
        ],
        right: "\
steps = 0
while number >= <a>:
    if number % 2 == 0:
        number //= 2
    else:
        number = 3 * number + 1
    steps += 1
return steps",
        also: "\
count = 0
while not number < <a>:
    odd = number % 2 == 1
    number = 3 * number + 1 if odd else number // 2
    count += 1
return count",
        wrong: "\
steps = 0
while number > <a>:
    if number % 2 == 0:
        number //= 2
    else:
        number = 3 * number + 1
    steps += 1
return steps",
        input: |draw, p| {
            let (doubled, other) = (p.a << draw.random_range(0..=4), draw.random_range(1..=40));
            vec![one(draw, &[doubled, doubled, other]).into()]
        },
        truth: |p, x| {
            let next = |n: &i64| Some([n / 2, 3 * n + 1][(n % 2) as usize]);
            successors(Some(x[0].int()), next).position(|n| n < p.a).unwrap().into()
        },
    },
    TaskKind {
        name: "convert_to_base",
        arguments: "number: int",
        returns: "str",
        a: &[2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Convert a positive number to base <a>. Return its digits as a string.",
            "Return a string with the representation of the given positive number in the number system with base <a>.",
            "Write the positive number in base <a> instead of base 10, the most significant digit first, and return the string.",
        ],
        right: "\
result = ''
while number > 0:
    result = str(number % <a>) + result
    number //= <a>
return result",
        also: "\
digits = []
while number:
    number, rest = divmod(number, <a>)
    digits.append(str(rest))
return ''.join(digits[::-1])",
        wrong: "\
result = ''
while number > 0:
    result = result + str(number % <a>)
    number //= <a>
return result",
        input: |draw, p| vec![draw.random_range(p.a..=150).into()],
        truth: |p, x| {
            let parts = successors(Some(x[0].int()), |n| Some(n / p.a)).take_while(|n| *n > 0);
            let digits: Vec<String> = parts.map(|n| (n % p.a).to_string()).collect();
            digits.into_iter().rev().collect::<String>().into()
        },
    },
    TaskKind {
        name: "list_multiples_downwards",
        arguments: "low: int, high: int",
        returns: "List[int]",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Return a list of all multiples of <a> from low to high (both included), in descending order.",
            "Find all numbers between low and high, including these two, that are divisible by <a>. Return them in a list, the largest first.",
            "Count down from high to low, both inclusive, and collect each number that can be divided by <a> without a remainder. Return the list.",
        ],
        right: "\
result = []
for number in range(low, high + 1):
    if number % <a> == 0:
        result.append(number)
result.reverse()
return result",
        also: "\
multiples = []
while high >= low:
    if high % <a> == 0:
        multiples.append(high)
    high -= 1
return multiples",
        wrong: "\
result = []
for number in range(high, low, -1):
    if number % <a> == 0:
        result.append(number)
return result",
        input: |draw, p| {
            let start = p.a * draw.random_range(1..=4);
            let low = one(draw, &[start, start, start + 1, start - 1]);
            vec![low.into(), (low + p.a + draw.random_range(0..=3 * p.a)).into()]
        },
        truth: |p, x| {
            let all = (0..=x[1].int() / p.a).rev().map(|k| k * p.a);
            all.filter(|y| *y >= x[0].int()).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "find_next_primes",
        arguments: "number: int",
        returns: "List[int]",
        a: &[2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Return a list of the first <a> prime numbers that are greater than the given number, in ascending order.",
            "Find the next <a> primes after the given positive number (the number itself is not included). Return them as a list, the smallest first.",
            "Go up from the number, without the number itself, and collect prime numbers until you have <a> of them. Return the list.",
        ],
        right: "\
primes = []
while len(primes) < <a>:
    number += 1
    if number > 1 and all(number % d for d in range(2, number)):
        primes.append(number)
return primes",
        also: "\
primes = []
while len(primes) != <a>:
    number += 1
    divisors = [d for d in range(1, number + 1) if number % d == 0]
    if len(divisors) == 2:
        primes.append(number)
return primes",
        wrong: "\
primes = []
while len(primes) < <a>:
    if number > 1 and all(number % d for d in range(2, number)):
        primes.append(number)
    number += 1
return primes",
        input: |draw, _| {
            let other = draw.random_range(1..=50_i64);
            vec![one(draw, &[2, 3, 5, 7, 11, 13, 17, 19, 23, 29, other, other, other]).into()]
        },
        truth: |p, x| {
            let prime = |n: &i64| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d > 0);
            (x[0].int() + 1..).filter(prime).take(p.a as usize).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "sort_coprime_numbers",
        arguments: "numbers: List[int]",
        returns: "List[int]",
        a: &[6, 10, 12, 14, 15, 18, 20, 21, 24, 30],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Keep only the numbers of the list whose greatest common divisor with <a> is 1. Return them sorted in ascending order.",
            "Return a sorted list, the smallest first, of those numbers that are coprime to <a> (the gcd of the number and <a> is 1).",
            "Remove every positive number from the list that has a common divisor greater than 1 with <a>. Sort the remaining numbers in ascending order and return them.",
        ],
        right: "\
coprime = []
for number in numbers:
    if math.gcd(number, <a>) == 1:
        coprime.append(number)
coprime.sort()
return coprime",
        also: "\
result = []
for x in sorted(numbers):
    if all(x % d or <a> % d for d in range(2, x + 1)):
        result.append(x)
return result",
        wrong: "\
coprime = []
for number in numbers:
    if number % <a> != 0:
        coprime.append(number)
coprime.sort()
return coprime",
        input: |draw, _| vec![numbers(draw, 5..=8, 1..=40).into()],
        truth: |p, x| {
            let gcd = |y: i64| (1..=p.a).rev().find(|d| p.a % d == 0 && y % d == 0).unwrap();
            let mut kept: Vec<i64> = x[0].ints().into_iter().filter(|y| gcd(*y) == 1).collect();
            kept.sort_unstable();
            kept.into()
        },
    },
    TaskKind {
        name: "count_digit_in_factorial",
        arguments: "number: int",
        returns: "int",
        a: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Compute the factorial of the given positive number and return how many times the digit <a> occurs in it.",
            "Count the digits of number! (1 * 2 * 3 * ... * number) that are equal to <a>. Return the count.",
            "Multiply all whole numbers from 1 to the given number, both included. Return how often the digit <a> appears in the product.",
        ],
        right: "\
product = 1
for i in range(1, number + 1):
    product *= i
return str(product).count('<a>')",
        also: "\
count = 0
for digit in str(math.factorial(number)):
    if int(digit) == <a>:
        count += 1
return count",
        wrong: "\
product = 1
for i in range(1, number):
    product *= i
return str(product).count('<a>')",
        input: |draw, _| vec![draw.random_range(4..=20_i64).into()],
        truth: |p, x| {
            let parts = successors(Some((1..=x[0].int()).product::<i64>()), |n| Some(n / 10));
            parts.take_while(|n| *n > 0).filter(|n| n % 10 == p.a).count().into()
        },
    },
    TaskKind {
        name: "sum_large_squares",
        arguments: "numbers: List[int]",
        returns: "int",
        a: &[4, 9, 16, 25, 36, 49, 64, 81],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Square every number of the list, then add up the squares that are greater than <a>. Return the sum, or 0 if there are none.",
            "Return the sum of the squares of the given numbers, but leave out every square that is less than or equal to <a>.",
            "For each number of the list, compute its square. Return the total of all squares that are larger than <a>.",
        ],
        right: "\
total = 0
for number in numbers:
    square = number ** 2
    if square > <a>:
        total += square
return total",
        also: "\
squares = [x * x for x in numbers]
result = 0
for square in squares:
    if square > <a>:
        result += square
return result",
        wrong: "\
total = 0
for number in numbers:
    square = number ** 2
    if number > <a>:
        total += square
return total",
        input: |draw, p| {
            let root = (1..10).find(|r| r * r == p.a).unwrap();
            let mut list = numbers(draw, 3..=6, -3..=11);
            list.push(one(draw, &[root, -root, root + 1]));
            vec![list.into()]
        },
        truth: |p, x| x[0].ints().into_iter().map(|y| y * y).filter(|s| *s > p.a).sum::<i64>().into(),
    },
];
