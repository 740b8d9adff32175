//! Matrices and grids.

use super::NO_TEXT;
use crate::draw::{matrix, numbers, one, word};
use crate::{TaskKind, Value};

pub(super) static KINDS: [TaskKind; 11] = [
    TaskKind {
        name: "sum_border_cells",
        arguments: "matrix: List[List[int]]",
        returns: "int",
        a: &[2, 3, 4],
        b: &[3, 4, 5],
        t: NO_TEXT,
        asks: [
            "The border of a matrix consists of its first and last row and its first and last column. Return the sum of the numbers on the border that are at least <a>; smaller numbers are left out. A number in one of the four corners counts <b> times, any other number of the border once. There are at least three rows and three columns.",
            "Add up the cells at the edge of a matrix (three or more rows and columns, all rows equally long). Cells inside do not count, and neither do numbers less than <a>. Every corner cell that counts is taken times <b>, every other edge cell that counts is taken as it is. Return the total.",
            "Walk once around the outermost cells of a matrix with at least 3 rows and 3 columns and return your points. A number below <a> gives nothing. Any number from <a> on gives as many points as it says, and <b> times as many if it stands in a corner.",
        ],
        right: "\
matrix = [[x if x >= <a> else 0 for x in row] for row in matrix]
sides = sum(row[0] + row[-1] for row in matrix[1:-1])
corners = sum(row[0] + row[-1] for row in (matrix[0], matrix[-1]))
return sum(matrix[0]) + sum(matrix[-1]) + sides + corners * (<b> - 1)",
        also: "\
inner = chain(*[row[1:-1] for row in matrix[1:-1]])
corners = [matrix[i][j] for i in (0, -1) for j in (0, -1)]
total = lambda part: sum(x for x in part if x >= <a>)
return total(chain(*matrix)) - total(inner) + total(corners) * (<b> - 1)",
        wrong: "\
matrix = [[x if x >= <a> else 0 for x in row] for row in matrix]
sides = sum(row[0] + row[-1] for row in matrix)
corners = sum(row[0] + row[-1] for row in (matrix[0], matrix[-1]))
return sum(matrix[0]) + sum(matrix[-1]) + sides + corners * (<b> - 1)",
        input: |draw, _| vec![matrix(draw, [3..=4, 3..=4], 0..=6).into()],
        truth: |p, x| {
            let lasts = [x[0].list().len() as i64 - 1, x[0].rows()[0].len() as i64 - 1];
            let ends = |n: i64, last: i64| usize::from(n == 0 || n == last);
            let weight = |i, j| [0, 1, p.b][ends(i, lasts[0]) + ends(j, lasts[1])];
            cells(&x[0]).into_iter().map(|[i, j, x]| if x < p.a { 0 } else { x * weight(i, j) }).sum::<i64>().into()
        },
    },
    TaskKind {
        name: "turn_and_replace",
        arguments: "matrix: List[List[int]]",
        returns: "List[List[int]]",
        a: &[0, 10, 99],
        b: &[4, 5, 6],
        t: NO_TEXT,
        asks: [
            "Turn a matrix clockwise by a quarter, so that its first column, read from the bottom up, becomes the first row. Then replace every number in the first row of the turned matrix that is less than <b> with <a>. The other rows keep their numbers. Return the new matrix as a list of rows.",
            "Return the given matrix rotated to the right by 90 degrees (so the old last row, read from left to right, becomes the first column from top to bottom). In the top row of the rotated matrix, and only there, numbers smaller than <b> become <a>. The matrix has at least two rows and two columns, but need not be square.",
            "A picture is given as rows of numbers. Rotate it by 90 degrees clockwise: what was at the left side is then on top, what was on top is then at the right side. After that, look only at the new first row and write <a> in place of each number below <b>. Return the rows of the result.",
        ],
        right: "\
columns = range(len(matrix[0]))
turned = [[row[j] for row in matrix[::-1]] for j in columns]
top = [<a> if x < <b> else x for x in turned[0]]
return [top] + turned[1:]",
        also: "\
turned = [list(column) for column in zip(*reversed(matrix))]
for j in range(len(matrix)):
    turned[0][j] = <a> if turned[0][j] < <b> else turned[0][j]
return turned",
        wrong: "\
columns = range(len(matrix[0]))
turned = [[row[j] for row in matrix] for j in columns]
top = [<a> if x < <b> else x for x in turned[0]]
return [top] + turned[1:]",
        input: |draw, _| vec![matrix(draw, [2..=3, 2..=3], 1..=9).into()],
        truth: |p, x| {
            let rows = x[0].rows();
            let cell = |i, j: usize| rows[j][i] + if i == 0 && rows[j][i] < p.b { p.a - rows[j][i] } else { 0 };
            let row = |i| (0..rows.len()).rev().map(|j| cell(i, j)).collect();
            (0..rows[0].len()).map(row).collect::<Vec<Vec<i64>>>().into()
        },
    },
    TaskKind {
        name: "count_high_cells",
        arguments: "matrix: List[List[int]]",
        returns: "int",
        a: &[2, 3],
        b: &[1, 2, 3, 4],
        t: NO_TEXT,
        asks: [
            "The neighbours of a cell are the cells directly above, below, left and right of it, as far as they lie in the matrix. Return how many cells of the matrix have at least <a> neighbours whose numbers are smaller than the cell's own number by <b> or more.",
            "A matrix holds the heights of a landscape. A cell is called high if at least <a> of the up to four cells that share a side with it lie <b> or more below it. Nothing lies beyond the edge, so cells there have fewer neighbours. Count the high cells and return their number.",
            "Count the cells that stick out. To decide on a cell, compare its number with those directly to the left, to the right, above and below, if there are such cells in the matrix. It sticks out when for <a> or more of them the difference 'own number minus neighbour' is at least <b>. Return the count.",
        ],
        right: "\
count = 0
for i, j in product(range(len(matrix)), range(len(matrix[0]))):
    spots = [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)]
    near = [matrix[n][x] for n, x in spots if 0 <= n < len(matrix) and 0 <= x < len(matrix[0])]
    count += sum(matrix[i][j] - other >= <b> for other in near) >= <a>
return count",
        also: "\
count = 0
for i, row in enumerate(matrix):
    for j, x in enumerate(row):
        near = [other[j] for other in matrix[max(0, i - 1):i] + matrix[i + 1:i + 2]]
        count += sum(x >= other + <b> for other in near + row[max(0, j - 1):j] + row[j + 1:j + 2]) >= <a>
return count",
        wrong: "\
count = 0
for i, j in product(range(len(matrix)), range(len(matrix[0]))):
    spots = [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)]
    near = [matrix[n][x] for n, x in spots if n < len(matrix) and x < len(matrix[0])]
    count += sum(matrix[i][j] - other >= <b> for other in near) >= <a>
return count",
        input: |draw, _| vec![matrix(draw, [3..=4, 3..=4], 0..=14).into()],
        truth: |p, x| {
            let all = cells(&x[0]);
            let low = |[i, j, x]: [i64; 3], y: &[i64; 3]| (i - y[0]).abs() + (j - y[1]).abs() == 1 && x - y[2] >= p.b;
            all.iter().filter(|x| all.iter().filter(|y| low(**x, y)).count() as i64 >= p.a).count().into()
        },
    },
    TaskKind {
        name: "total_rows",
        arguments: "rows: List[List[int]]",
        returns: "List[int]",
        a: &[2, 3],
        b: &[7, 8, 9, 10],
        t: NO_TEXT,
        asks: [
            "Each row holds the points of one player. Return the list of the players' totals: in a row with more than <a> numbers the smallest number is left out (only once, if it occurs more often), and the rest is added up. A total is never more than <b>: a greater one becomes <b>. A row without numbers has the total 0.",
            "For every row of a table (the rows may differ in length or be empty), compute a sum. If the row is longer than <a>, one occurrence of its least number does not belong to the sum. Sums above <b> are lowered to <b>, and the sum of no numbers is 0. Return all sums in the order of the rows.",
            "Return one number per row: the sum of the row, from which you subtract the row's minimum once if the row has more than <a> entries, and which you then cut down to <b> if it is larger than <b>. Rows can have any length, and an empty row gives 0.",
        ],
        right: "\
totals = []
for row in rows:
    total = sum(row) - (min(row) if len(row) > <a> else 0)
    totals.append(min(total, <b>))
return totals",
        also: "\
kept = [sorted(row)[1:] if len(row) > <a> else row for row in rows]
totals = [sum(row) for row in kept]
totals = [total if total <= <b> else <b> for total in totals]
return totals",
        wrong: "\
totals = []
for row in rows:
    kept = [x for x in row if len(row) <= <a> or x != min(row)]
    totals.append(min(sum(kept), <b>))
return totals",
        input: |draw, _| vec![(0..4).map(|_| numbers(draw, 0..=5, 1..=3)).collect::<Vec<_>>().into()],
        truth: |p, x| {
            let least = |row: &Vec<i64>| if row.len() as i64 > p.a { *row.iter().min().unwrap() } else { 0 };
            let total = |row: Vec<i64>| p.b.min(row.iter().sum::<i64>() - least(&row));
            x[0].rows().into_iter().map(total).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "list_island_sizes",
        arguments: "matrix: List[List[int]]",
        returns: "List[int]",
        a: &[2, 3],
        b: &[4, 5, 6, 7],
        t: NO_TEXT,
        asks: [
            "A matrix is the map of a sea: a number of at least <b> is land, every smaller number is water. Pieces of land that touch along a side (not only at a corner) belong to the same island. The size of an island is its number of pieces. Return the sizes of all islands that have at least <a> pieces, in ascending order.",
            "Call two cells of a matrix linked if one is directly above, below, left or right of the other and both hold a number that is not less than <b>; cells joined by a chain of links are linked, too. Cells with such numbers form groups, and a cell without links is a group of one. Return a sorted list, smallest first, of how many cells each group of <a> or more cells has.",
            "Measure the forests on a map given as rows of numbers. There are trees where the number is <b> or more. A forest is made of all cells with trees that can be reached from each other by steps up, down, left and right over cells with trees. List the numbers of cells of the forests from low to high, but leave out forests of fewer than <a> cells.",
        ],
        right: "\
left = {(i, j) for i, row in enumerate(matrix) for j, x in enumerate(row) if x >= <b>}
def size(i, j):
    if (i, j) not in left:
        return 0
    left.remove((i, j))
    return 1 + size(i + 1, j) + size(i - 1, j) + size(i, j + 1) + size(i, j - 1)
return sorted(n for n in starmap(size, sorted(left)) if n >= <a>)",
        also: "\
land = [(i, j) for i, row in enumerate(matrix) for j, x in enumerate(row) if x >= <b>]
islands = []
for i, j in land:
    near = [island for island in islands if island & {(i - 1, j), (i, j - 1)}]
    islands = [island for island in islands if island not in near]
    islands.append({(i, j)}.union(*near))
return sorted(n for n in map(len, islands) if n >= <a>)",
        wrong: "\
left = {(i, j) for i, row in enumerate(matrix) for j, x in enumerate(row) if x >= <b>}
def size(i, j):
    if (i, j) not in left:
        return 0
    left.remove((i, j))
    return 1 + sum(size(n, x) for n in (i - 1, i, i + 1) for x in (j - 1, j, j + 1))
return sorted(n for n in starmap(size, sorted(left)) if n >= <a>)",
        input: |draw, _| vec![matrix(draw, [4..=4, 4..=4], 1..=9).into()],
        truth: |p, x| {
            let land: Vec<_> = cells(&x[0]).into_iter().filter(|cell| cell[2] >= p.b).collect();
            let near = |[i, j, _]: [i64; 3], y: [i64; 3]| (i - y[0]).abs() + (j - y[1]).abs() <= 1;
            let grow = |seen: Vec<_>, _| land.iter().copied().filter(|x| seen.iter().any(|y| near(*x, *y))).collect();
            let islands = land.iter().map(|cell| land.iter().fold(vec![*cell], grow));
            let sorted: std::collections::BTreeSet<_> = islands.map(|island| (island.len(), island)).collect();
            sorted.into_iter().map(|x| x.0).filter(|n| *n as i64 >= p.a).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "read_columns_in_turns",
        arguments: "matrix: List[List[int]]",
        returns: "List[int]",
        a: &[2, 3, 4],
        b: &[3, 4, 5],
        t: NO_TEXT,
        asks: [
            "Read a matrix column by column from left to right: the first column from top to bottom, the second from bottom to top, the third from top to bottom again, and so on. Skip the numbers that are divisible by <a>. Return the first <b> of the remaining numbers in the order of reading, or all of them if there are fewer.",
            "A snail crawls through a matrix. It goes down the leftmost column, up the next one, down the one after that and so on to the last column. It collects every number on its way that is not a multiple of <a>, until it has <b> numbers or the matrix ends. Return what it has collected, in order.",
            "Go through all columns, beginning with the leftmost; columns at even indexes (0, 2, ...) are read downwards and the others upwards. Drop multiples of <a> from the sequence of numbers you get. Return the sequence that is left, cut off after <b> numbers if it is longer.",
        ],
        right: "\
result = []
for j in range(len(matrix[0])):
    column = [row[j] for row in matrix][::1 if j % 2 == 0 else -1]
    result += [x for x in column if x % <a> != 0]
return result[:<b>]",
        also: "\
columns = [list(column) for column in zip(*matrix)]
columns[1::2] = [column[::-1] for column in columns[1::2]]
result = [x for column in columns for x in column if x % <a> > 0]
return result[:<b>]",
        wrong: "\
result = []
for j in range(len(matrix[0])):
    column = [row[j] for row in matrix][::1 if j % 2 == 0 else -1]
    result += column
return [x for x in result[:<b>] if x % <a> != 0]",
        input: |draw, _| vec![matrix(draw, [2..=3, 2..=4], 1..=9).into()],
        truth: |p, x| {
            let mut all = cells(&x[0]);
            all.sort_by_key(|[i, j, _]| (*j, if j % 2 == 0 { *i } else { -i }));
            all.iter().map(|x| x[2]).filter(|x| x % p.a != 0).take(p.b as usize).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "follow_commands",
        arguments: "grid: List[List[int]], commands: str",
        returns: "int",
        a: &[0, 1, 5],
        b: &[-3, 10, 20],
        t: NO_TEXT,
        asks: [
            "A robot starts in the top left cell of a grid and moves by one cell for each letter of commands: U is up, D down, L left, R right. If it leaves the grid at one side, it comes in again at the opposite side of the same row or column. After each move it gets the number in its cell as points, but <b> points instead if that number is <a>. The start gives no points. Return the sum.",
            "On a board whose edges are joined (left with right, top with bottom), a token stands at row 0 and column 0. Each letter of the commands moves it by one: 'U', 'D', 'L' or 'R' for up, down, left or right. Return the total of the cells on which a move ends, counting one again when it is visited again. A cell with the number <a> is worth <b>, all others are worth their number.",
            "Add up what a walker finds. From the first cell of the first row, the walker takes one step per letter (U: up, D: down, L: left, R: right), and a step over the edge leads to the other end of the row or column. Every step, but not the start, adds the number of the cell it leads to; only the number <a> counts as <b>. Return the sum, which is 0 without letters.",
        ],
        right: "\
i = j = total = 0
for letter in commands:
    i = (i + (letter == 'D') - (letter == 'U')) % len(grid)
    j = (j + (letter == 'R') - (letter == 'L')) % len(grid[0])
    total += <b> if grid[i][j] == <a> else grid[i][j]
return total",
        also: "\
i = j = total = 0
for letter in commands:
    down, right = {'U': (-1, 0), 'D': (1, 0), 'L': (0, -1), 'R': (0, 1)}[letter]
    i, j = (i + down) % len(grid), (j + right) % len(grid[0])
    total += grid[i][j] if grid[i][j] != <a> else <b>
return total",
        wrong: "\
i = j = total = 0
for letter in commands:
    i = min(max(i + (letter == 'D') - (letter == 'U'), 0), len(grid) - 1)
    j = min(max(j + (letter == 'R') - (letter == 'L'), 0), len(grid[0]) - 1)
    total += <b> if grid[i][j] == <a> else grid[i][j]
return total",
        input: |draw, _| vec![matrix(draw, [2..=3, 2..=3], 0..=5).into(), word(draw, 2..=6, "UDLR").into()],
        truth: |p, x| {
            let (rows, commands) = (x[0].rows(), x[1].text());
            let moves = |n, sign: char| commands[..n].matches(sign).count();
            let place = |n, plus, minus, size| (moves(n, plus) + 6 * size - moves(n, minus)) % size;
            let cell = |n| rows[place(n, 'D', 'U', rows.len())][place(n, 'R', 'L', rows[0].len())];
            (1..=commands.len()).map(cell).map(|x| if x == p.a { p.b } else { x }).sum::<i64>().into()
        },
    },
    TaskKind {
        name: "build_rising_snake",
        arguments: "rows: int, columns: int",
        returns: "List[List[int]]",
        a: &[1, 3, 5],
        b: &[2, 3, 4],
        t: NO_TEXT,
        asks: [
            "Build a matrix with the given numbers of rows and columns. Fill it with <a> and then always <b> more: begin in the last row and go from left to right, fill the row above it from right to left, the next one above from left to right again, and so on up to the first row. Return the matrix as a list of rows from top to bottom.",
            "A snake begins in the bottom left corner of a matrix and crawls up row by row: the bottom row to the right, the row above to the left, the next to the right, in turns. It writes <a> into its first cell and into each following cell a number that is greater by <b>. Return the matrix of rows times columns cells, top row first.",
            "Number the seats of a hall with <a>, <a> + <b>, <a> + <b> + <b> and so on. The row at the back, which is the last list of the result, is numbered first and from left to right; every row in front of it runs in the direction opposite to the row behind it. Return the list of all rows, each with as many seats as columns says.",
        ],
        right: "\
grid = []
for i in range(rows):
    row = [<a> + (i * columns + j) * <b> for j in range(columns)]
    grid.insert(0, row if i % 2 == 0 else row[::-1])
return grid",
        also: "\
values = list(range(<a>, <a> + rows * columns * <b>, <b>))
grid = [values[i * columns:i * columns + columns] for i in range(rows)]
grid[1::2] = [row[::-1] for row in grid[1::2]]
return grid[::-1]",
        wrong: "\
grid = []
for i in range(rows):
    row = [<a> + (i * columns + j) * <b> for j in range(columns)]
    grid.append(row if i % 2 == 0 else row[::-1])
return grid",
        input: |draw, _| numbers(draw, 2..=2, 1..=4).into_iter().map(Into::into).collect(),
        truth: |p, x| {
            let before = |i: i64, j| i * x[1].int() + if i % 2 == 0 { j } else { x[1].int() - 1 - j };
            let row = |i| (0..x[1].int()).map(|j| p.a + p.b * before(i, j)).collect();
            (0..x[0].int()).rev().map(row).collect::<Vec<Vec<i64>>>().into()
        },
    },
    TaskKind {
        name: "count_close_mirrors",
        arguments: "matrix: List[List[int]]",
        returns: "int",
        a: &[1, 2, 3],
        b: &[6, 8, 10],
        t: NO_TEXT,
        asks: [
            "In a square matrix, the cell in row i and column j and the cell in row j and column i form a pair if i and j differ. Return the number of pairs whose two numbers differ by at most <a> and have a sum of at least <b>. Every pair counts once, and the cells of the diagonal form no pairs.",
            "Fold a square matrix along its main diagonal, which goes from the top left to the bottom right: every cell off the diagonal then lies on one other cell. Count the places where the two numbers that lie on each other add up to <b> or more and are no more than <a> apart. Return this count; leave the diagonal out.",
            "Compare each number above the main diagonal of a square matrix with its mirror image below the diagonal. The two are close if their distance is not greater than <a>; they are large if their sum is not less than <b>. Return for how many numbers above the diagonal both is true.",
        ],
        right: "\
count = 0
for i, j in combinations(range(len(matrix)), 2):
    x, other = matrix[i][j], matrix[j][i]
    count += abs(x - other) <= <a> and x + other >= <b>
return count",
        also: "\
count = 0
for i, row in enumerate(matrix):
    for j, x in enumerate(row[:i]):
        count += abs(x - matrix[j][i]) <= <a> and x + matrix[j][i] >= <b>
return count",
        wrong: "\
count = 0
for i, j in product(range(len(matrix)), repeat=2):
    x, other = matrix[i][j], matrix[j][i]
    count += abs(x - other) <= <a> and x + other >= <b>
return count",
        input: |draw, _| vec![matrix(draw, [4..=4, 4..=4], 0..=9).into()],
        truth: |p, x| {
            let (all, rows) = (cells(&x[0]), x[0].rows());
            let pairs = all.iter().filter(|x| x[0] < x[1]).map(|x| [x[2], rows[x[1] as usize][x[0] as usize]]);
            pairs.filter(|[x, y]| (x - y).abs() <= p.a && x + y >= p.b).count().into()
        },
    },
    TaskKind {
        name: "find_ruling_cells",
        arguments: "matrix: List[List[int]]",
        returns: "List[int]",
        a: &[1, 2, 3],
        b: &[1, 2, 3],
        t: NO_TEXT,
        asks: [
            "A number of a matrix rules if it is greater than every other number of its row by at least <a>, and greater than the smallest number of its column by at most <b> (it may be that smallest number itself). Return the ruling numbers from the top row to the bottom row. A matrix has at least two columns.",
            "Take the largest number of each row. Keep it if the second largest number of the row is at least <a> less, which is not so if the largest occurs twice, and if no number in its own column is smaller than it by more than <b>. Return a list of the numbers kept, in the order of the rows.",
            "Return all numbers that are nearly saddle points, from top to bottom. Such a number leads its row: all others in the row are smaller by <a> or more. At the same time it is low in its column: the difference between it and the minimum of the column is not more than <b>.",
        ],
        right: "\
found = []
for row in matrix:
    second, best = sorted(row)[-2:]
    low = min(line[row.index(best)] for line in matrix)
    found += [best] if best - second >= <a> and best - low <= <b> else []
return found",
        also: "\
lows = [min(column) for column in zip(*matrix)]
pairs = [(row, j) for row in matrix for j in range(len(row))]
pairs = [(row, j) for row, j in pairs if row[j] <= lows[j] + <b>]
return [row[j] for row, j in pairs if row[j] >= max(row[:j] + row[j + 1:]) + <a>]",
        wrong: "\
found = []
for row in matrix:
    second, best = sorted(row)[-2:]
    low = min(line[row.index(best)] for line in matrix)
    found += [best] if best - second >= <a> and best - low < <b> else []
return found",
        input: |draw, p| {
            let mut rows = matrix(draw, [2..=4, 2..=3], 1..=7);
            rows.iter_mut().for_each(|row| row[1] = 7 + one(draw, &[0, 0, 2, p.b]));
            vec![rows.into()]
        },
        truth: |p, x| {
            let all = cells(&x[0]);
            let leads = |x: &[i64; 3]| all.iter().all(|y| y[0] != x[0] || y[1] == x[1] || x[2] - y[2] >= p.a);
            let low = |x: &[i64; 3]| all.iter().all(|y| y[1] != x[1] || x[2] - y[2] <= p.b);
            all.iter().filter(|x| leads(x) && low(x)).map(|x| x[2]).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "sum_diagonals",
        arguments: "matrix: List[List[int]]",
        returns: "int",
        a: &[4, 5, 6],
        b: &[2, 3, 4],
        t: NO_TEXT,
        asks: [
            "Return the sum of the numbers on the two diagonals of a square matrix. A number greater than <a> counts as <a>. If the matrix has an odd number of rows, the cell in the middle lies on both diagonals: what it counts is taken <b> times. All other cells of the diagonals are taken once.",
            "Add up both diagonals of a square matrix, from corner to corner. Before you add a number, lower it to <a> if it is larger. The diagonals of a matrix of odd size cross in one cell, and that cell is added exactly <b> times in all; where they do not cross in a cell, each diagonal cell is added once.",
            "A square matrix is marked with a large X from corner to corner. Every marked cell gives its number as points, but at most <a> points. The centre of the X gives <b> times its points, so at most <b> times <a>, provided that it is a single cell, which is so for odd sizes only. Return all the points together.",
        ],
        right: "\
total, size = 0, len(matrix)
for i, row in enumerate(matrix):
    for j in {i, size - 1 - i}:
        total += min(row[j], <a>) * (<b> if 2 * i == size - 1 else 1)
return total",
        also: "\
size = len(matrix)
cells = [(i, j) for i in range(size) for j in {i, size - 1 - i}]
cells += [(size // 2, size // 2)] * ((<b> - 1) * (size % 2))
return sum(min(matrix[i][j], <a>) for i, j in cells)",
        wrong: "\
total, size = 0, len(matrix)
for i, row in enumerate(matrix):
    for j in (i, size - 1 - i):
        total += min(row[j], <a>) * (<b> if 2 * i == size - 1 else 1)
return total",
        input: |draw, _| {
            let size = one(draw, &[1, 2, 3, 3, 3, 4]);
            vec![matrix(draw, [size..=size, size..=size], 0..=9).into()]
        },
        truth: |p, x| {
            let last = x[0].list().len() as i64 - 1;
            let times = |i, j| if 2 * i == last && i == j { p.b } else { i64::from(i == j || i + j == last) };
            cells(&x[0]).into_iter().map(|[i, j, x]| x.min(p.a) * times(i, j)).sum::<i64>().into()
        },
    },
];

/// Row, column and number of each cell, row by row.
fn cells(matrix: &Value) -> Vec<[i64; 3]> {
    let row = |(i, row): (i64, Vec<i64>)| (0..).zip(row).map(move |(j, x)| [i, j, x]);
    (0..).zip(matrix.rows()).flat_map(row).collect()
}
