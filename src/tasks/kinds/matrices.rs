//! Matrices: familiar tasks on lists of rows, with one parameter or two.

use super::{NO_NUMBER, NO_TEXT};
use crate::draw::{Draw, matrix, numbers, one};
use crate::{TaskKind, Value};
use std::collections::HashSet;

pub(super) static KINDS: [TaskKind; 11] = [
    TaskKind {
        name: "fill_below_diagonal",
        arguments: "matrix: List[List[int]]",
        returns: "List[List[int]]",
        a: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Replace every number below the main diagonal of a square matrix by <a>. Return the new matrix.",
            "In a square matrix, the main diagonal goes from the top left to the bottom right. Set all cells below it to <a>, keep all other cells, and return the matrix.",
            "Given a square matrix, return a matrix in which each cell whose row index is greater than its column index holds <a>. The other cells stay as they are.",
        ],
        right: "\
for i in range(len(matrix)):
    for j in range(i):
        matrix[i][j] = <a>
return matrix",
        also: "\
result = []
for i, row in enumerate(matrix):
    result.append([<a>] * i + row[i:])
return result",
        wrong: "\
for i in range(len(matrix)):
    for j in range(i + 1):
        matrix[i][j] = <a>
return matrix",
        input: |draw, _| vec![square(draw, &[2, 3, 3, 4]).into()],
        truth: |p, x| {
            let mut rows = x[0].rows();
            rows.iter_mut().enumerate().for_each(|(i, row)| row[..i].fill(p.a));
            rows.into()
        },
    },
    TaskKind {
        name: "count_rows_with_large_sum",
        arguments: "matrix: List[List[int]]",
        returns: "int",
        a: &[8, 9, 10, 11, 12, 13, 14, 15, 16],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Count the rows of a matrix whose sum is greater than <a>. Return the count.",
            "Add up the numbers of each row of the matrix. Return how many rows have a sum of more than <a>.",
            "Return the number of rows in the matrix that add up to more than <a>.",
        ],
        right: "\
count = 0
for row in matrix:
    if sum(row) > <a>:
        count += 1
return count",
        also: "\
row_sums = [sum(row) for row in matrix]
return len([total for total in row_sums if total > <a>])",
        wrong: "\
count = 0
for row in matrix:
    if sum(row) >= <a>:
        count += 1
return count",
        input: |draw, p| {
            let mut rows = matrix(draw, [3..=4, 3..=3], 0..=4);
            rows.iter_mut().for_each(|row| row[2] = p.a - row[0] - row[1] + one(draw, &[-2, 0, 1, 3]));
            vec![rows.into()]
        },
        truth: |p, x| x[0].rows().iter().filter(|row| row.iter().sum::<i64>() > p.a).count().into(),
    },
    TaskKind {
        name: "find_first_position",
        arguments: "matrix: List[List[int]]",
        returns: "List[int]",
        a: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Find the first <a> in the matrix, searching row by row from the top and each row from left to right. Return its position as [row, column], counted from 0. Return [] if there is none.",
            "Return the row index and the column index of the number <a> in the matrix as a list of two numbers. If it occurs more than once, take the topmost row, and the leftmost one in this row. If it does not occur, return [].",
            "Go through the matrix row by row, from left to right. As soon as you meet the number <a>, return [i, j], where i is the index of its row and j the index of its column. Return an empty list if you never meet it.",
        ],
        right: "\
for i in range(len(matrix)):
    for j in range(len(matrix[i])):
        if matrix[i][j] == <a>:
            return [i, j]
return []",
        also: "\
for i, row in enumerate(matrix):
    if <a> in row:
        column = row.index(<a>)
        return [i, column]
return []",
        wrong: "\
for i in range(len(matrix)):
    for j in range(len(matrix[i])):
        if matrix[i][j] == <a>:
            return [j, i]
return []",
        input: |draw, p| {
            let mut rows = matrix(draw, [2..=4, 2..=4], 0..=9);
            let (i, j) = (one(draw, &[0, 1, 1]), one(draw, &[0, 1]));
            rows[i][j] = one(draw, &[p.a, p.a, p.a, 7]);
            *rows.last_mut().unwrap().last_mut().unwrap() = one(draw, &[p.a, 3, 5]);
            vec![rows.into()]
        },
        truth: |p, x| {
            let found = cells(&x[0]).into_iter().find(|cell| cell[2] == p.a);
            found.map_or(vec![], |[i, j, _]| vec![i, j]).into()
        },
    },
    TaskKind {
        name: "surround_with_border",
        arguments: "matrix: List[List[int]]",
        returns: "List[List[int]]",
        a: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Put a border of <a>s around the matrix: one more row at the top and at the bottom, one more column at the left and at the right. Return the larger matrix.",
            "Pad the matrix with the number <a> on all four sides. The padding is one cell wide. Return the padded matrix.",
            "Return a new matrix that has two more rows and two more columns than the given one. The given matrix stands in the middle, and all cells around it are <a>.",
        ],
        right: "\
width = len(matrix[0]) + 2
border = [<a>] * width
middle = [[<a>] + row + [<a>] for row in matrix]
return [border] + middle + [border]",
        also: "\
result = [[<a>] + row + [<a>] for row in matrix]
border = [<a>] * len(result[0])
result.insert(0, border)
result.append(border)
return result",
        wrong: "\
width = len(matrix[0])
border = [<a>] * width
middle = [[<a>] + row + [<a>] for row in matrix]
return [border] + middle + [border]",
        input: |draw, _| vec![matrix(draw, [1..=3, 1..=3], 0..=9).into()],
        truth: |p, x| {
            let mut rows: Vec<_> = x[0].rows().iter().map(|row| [&[p.a], &row[..], &[p.a]].concat()).collect();
            let edge = vec![p.a; rows[0].len()];
            rows.insert(0, edge.clone());
            rows.push(edge);
            rows.into()
        },
    },
    TaskKind {
        name: "add_to_column",
        arguments: "matrix: List[List[int]]",
        returns: "List[List[int]]",
        a: &[2, 3, 5, 10],
        b: &[0, 1, 2],
        t: NO_TEXT,
        asks: [
            "Add <a> to every number in the column with index <b> of the matrix (the first column has index 0). Return the matrix.",
            "Increase the number at index <b> of each row by <a>; indices start at 0. The other numbers do not change. Return the new matrix.",
            "Return the matrix with column <b> raised by <a>. Columns are counted from 0, and all other columns stay the same.",
        ],
        right: "\
result = [row[:] for row in matrix]
for row in result:
    row[<b>] += <a>
return result",
        also: "\
for i in range(len(matrix)):
    old = matrix[i][<b>]
    matrix[i][<b>] = old + <a>
return matrix",
        wrong: "\
result = [row[:] for row in matrix]
for row in result:
    row[<b> - 1] += <a>
return result",
        input: |draw, _| vec![matrix(draw, [1..=4, 3..=4], 0..=9).into()],
        truth: |p, x| {
            let cell = |[_, j, x]: &[i64; 3]| if *j == p.b { x + p.a } else { *x };
            let all: Vec<i64> = cells(&x[0]).iter().map(cell).collect();
            all.chunks(x[0].rows()[0].len()).map(<[i64]>::to_vec).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "count_multiples_by_row",
        arguments: "matrix: List[List[int]]",
        returns: "List[int]",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "For each row of the matrix, count the numbers that are divisible by <a>. Return the list of the counts.",
            "Return a list with one number for each row of the matrix: how many numbers of the row are multiples of <a>.",
            "Count the multiples of <a> in every row of the matrix and return the counts as a list, from the first row to the last.",
        ],
        right: "\
counts = []
for row in matrix:
    multiples = [number for number in row if number % <a> == 0]
    counts.append(len(multiples))
return counts",
        also: "\
counts = [0] * len(matrix)
for i, row in enumerate(matrix):
    for number in row:
        if number % <a> == 0:
            counts[i] += 1
return counts",
        wrong: "\
counts = []
for row in matrix:
    multiples = [number for number in row if number % <a> == 0]
    counts.append(sum(multiples))
return counts",
        input: |draw, p| {
            let mut rows = matrix(draw, [2..=4, 2..=4], 1..=20);
            for row in &mut rows {
                row[0] = p.a * one(draw, &[1, 2, 3]);
                row[1] = p.a * one(draw, &[1, 2, 4]) + one(draw, &[0, 0, 1]);
            }
            vec![rows.into()]
        },
        truth: |p, x| {
            let count = |row: Vec<i64>| row.into_iter().filter(|x| x / p.a * p.a == *x).count();
            x[0].rows().into_iter().map(count).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "list_large_column_sums",
        arguments: "matrix: List[List[int]]",
        returns: "List[int]",
        a: &[8, 9, 10, 11, 12, 13, 14, 15, 16],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Compute the sum of each column of the matrix. Return a list of the sums that are at least <a>, from left to right.",
            "Add up every column of the matrix and return the list of column sums, without the sums that are less than <a>.",
            "Return the sums of the columns of the matrix in order from the first column to the last, but keep only sums of <a> or more.",
        ],
        right: "\
result = []
for column in zip(*matrix):
    total = sum(column)
    if total >= <a>:
        result.append(total)
return result",
        also: "\
sums = [0] * len(matrix[0])
for row in matrix:
    for j, number in enumerate(row):
        sums[j] += number
return [x for x in sums if x >= <a>]",
        wrong: "\
result = []
for column in zip(*matrix):
    total = sum(column)
    if total > <a>:
        result.append(total)
return result",
        input: |draw, p| {
            let mut rows = matrix(draw, [3..=3, 2..=4], 0..=3);
            for j in 0..rows[0].len() {
                rows[2][j] = p.a - rows[0][j] - rows[1][j] + one(draw, &[-3, -1, 0, 0, 2, 5]);
            }
            vec![rows.into()]
        },
        truth: |p, x| {
            let add = |sums: Vec<i64>, row: Vec<i64>| sums.iter().zip(row).map(|(sum, x)| sum + x).collect();
            let mut sums: Vec<i64> = x[0].rows().into_iter().reduce(add).unwrap();
            sums.retain(|sum| *sum >= p.a);
            sums.into()
        },
    },
    TaskKind {
        name: "split_into_padded_rows",
        arguments: "numbers: List[int]",
        returns: "List[List[int]]",
        a: &[3, 4, 5],
        b: &[0, 7, 9],
        t: NO_TEXT,
        asks: [
            "Turn a list of numbers into a matrix with <a> columns, filled row by row. If the last row is too short, fill it up with <b> at its end. Return the matrix.",
            "Split the list into rows of <a> numbers each. Append the number <b> to the last row until it has <a> numbers, too. Return the list of rows.",
            "Write the numbers into a matrix row by row, <a> in each row. Cells of the last row that are left over at the end get the number <b>. Return the matrix as a list of rows.",
        ],
        right: "\
rows = []
for i in range(0, len(numbers), <a>):
    row = numbers[i:i + <a>]
    rows.append(row + [<b>] * (<a> - len(row)))
return rows",
        also: "\
padded = numbers[:]
while len(padded) % <a> != 0:
    padded.append(<b>)
steps = range(0, len(padded), <a>)
return [padded[i:i + <a>] for i in steps]",
        wrong: "\
rows = []
for i in range(0, len(numbers), <a>):
    row = numbers[i:i + <a>]
    rows.append(row + [<b>] * (len(row) % <a>))
return rows",
        input: |draw, _| vec![numbers(draw, 4..=9, 1..=9).into()],
        truth: |p, x| {
            let (mut all, width) = (x[0].ints(), p.a as usize);
            all.resize(all.len().next_multiple_of(width), p.b);
            all.chunks(width).map(<[i64]>::to_vec).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "rotate_and_multiply",
        arguments: "matrix: List[List[int]]",
        returns: "List[List[int]]",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Rotate the matrix by 90 degrees clockwise and multiply every number by <a>. Return the new matrix.",
            "Multiply all numbers of the matrix by <a> and turn the matrix a quarter turn to the right (clockwise). Return the result.",
            "Return the matrix rotated clockwise by 90 degrees, so that its first row becomes the last column, with every number <a> times as large.",
        ],
        right: "\
result = []
for j in range(len(matrix[0])):
    column = [row[j] * <a> for row in matrix]
    result.append(column[::-1])
return result",
        also: "\
result = []
for column in zip(*matrix[::-1]):
    new_row = [number * <a> for number in column]
    result.append(new_row)
return result",
        wrong: "\
result = []
for j in range(len(matrix[0])):
    column = [row[j] * <a> for row in matrix]
    result.append(column)
return result[::-1]",
        input: |draw, _| vec![matrix(draw, [2..=3, 1..=3], 0..=9).into()],
        truth: |p, x| {
            let rows = x[0].rows();
            let turned = |j| rows.iter().rev().map(|row| row[j] * p.a).collect();
            (0..rows[0].len()).map(turned).collect::<Vec<Vec<i64>>>().into()
        },
    },
    TaskKind {
        name: "sort_rows_with_number",
        arguments: "matrix: List[List[int]]",
        returns: "List[List[int]]",
        a: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Keep only the rows of the matrix that contain the number <a>. Return them sorted by their sum, largest sum first. All sums are different.",
            "Find all rows in which <a> occurs, and sort them by the sum of the row in descending order. Return the list of these rows. No two rows have the same sum.",
            "Return the rows of the matrix that have a <a> in them, ordered from the row with the largest sum to the row with the smallest sum. The sums are all different.",
        ],
        right: "\
rows = [row for row in matrix if <a> in row]
rows.sort(key=sum, reverse=True)
return rows",
        also: "\
ordered = sorted(matrix, key=sum)
ordered.reverse()
return [row for row in ordered if <a> in row]",
        wrong: "\
rows = [row for row in matrix if <a> in row]
rows.sort(key=sum)
return rows",
        input: |draw, p| {
            let mut rows = matrix(draw, [3..=4, 2..=3], 0..=9);
            rows.iter_mut().for_each(|row| row[one(draw, &[0, 1])] = one(draw, &[p.a, p.a, p.a, 0]));
            let mut sums = HashSet::new();
            rows.retain(|row| sums.insert(row.iter().sum::<i64>()));
            vec![rows.into()]
        },
        truth: |p, x| {
            let mut rows = x[0].rows();
            rows.retain(|row| row.contains(&p.a));
            rows.sort_by_key(|row| -row.iter().sum::<i64>());
            rows.into()
        },
    },
    TaskKind {
        name: "sum_large_on_second_diagonal",
        arguments: "matrix: List[List[int]]",
        returns: "int",
        a: &[1, 2, 3, 4, 5, 6, 7, 8],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Return the sum of all numbers greater than <a> on the second diagonal of a square matrix, which goes from the top right to the bottom left.",
            "Look at the diagonal of a square matrix from the top right corner to the bottom left corner. Add up its numbers that are greater than <a> and return the sum.",
            "Add up the numbers on the anti-diagonal of a square matrix (top right to bottom left), but leave out every number that is not greater than <a>. Return the total.",
        ],
        right: "\
total = 0
for i, row in enumerate(matrix):
    number = row[len(row) - 1 - i]
    if number > <a>:
        total += number
return total",
        also: "\
total = 0
for i in range(len(matrix)):
    if matrix[i][-i - 1] > <a>:
        total += matrix[i][-i - 1]
return total",
        wrong: "\
total = 0
for i, row in enumerate(matrix):
    number = row[len(row) - 1 - i]
    if number >= <a>:
        total += number
return total",
        input: |draw, p| {
            let mut rows = square(draw, &[2, 3, 3, 4]);
            let last = rows.len() - 1;
            for i in 0..=last {
                rows[i][last - i] = one(draw, &[p.a - 1, p.a, p.a + 1, p.a + 2, p.a + 4]);
            }
            vec![rows.into()]
        },
        truth: |p, x| {
            let all = cells(&x[0]);
            let last = all.last().unwrap()[0];
            all.iter().filter(|[i, j, x]| i + j == last && *x > p.a).map(|cell| cell[2]).sum::<i64>().into()
        },
    },
];

/// A square matrix of one of these sizes.
fn square(draw: &mut Draw, sizes: &[usize]) -> Vec<Vec<i64>> {
    let size = one(draw, sizes);
    matrix(draw, [size..=size, size..=size], 0..=9)
}

/// Row, column and number of each cell, row by row.
fn cells(matrix: &Value) -> Vec<[i64; 3]> {
    let row = |(i, row): (i64, Vec<i64>)| (0..).zip(row).map(move |(j, x)| [i, j, x]);
    (0..).zip(matrix.rows()).flat_map(row).collect()
}
