// Distances of many masks to what is outside them, and where they are greatest.
// The launch puts the metric's steps before this text: `AXIS`, `DIAGONAL`, `KNIGHT`, and `FAR`,
// which is longer than any way.

struct Task {
    width: u32,
    height: u32,
    // First of the mask's numbers in `distances`.
    pixels: u32,
    // First of the mask's words in `bits`.
    words: u32,
    // Whether the pixels around the image are outside the mask.
    border: u32,
}

@group(0) @binding(0) var<storage, read> tasks: array<Task>;
// One bit per pixel, row-major, the lowest bit first; each mask begins a word.
@group(0) @binding(1) var<storage, read> bits: array<u32>;
// Squared distances; or the bits of chamfer distances.
@group(0) @binding(2) var<storage, read_write> distances: array<u32>;
// Distances along columns.
@group(0) @binding(3) var<storage, read_write> columns: array<u32>;
// Per row the parts of the lower envelope: vertex in the low half, start in the high half.
@group(0) @binding(4) var<storage, read_write> envelope: array<u32>;
// Indices in `distances` that count as 0.
@group(0) @binding(5) var<storage, read> excluded: array<u32>;
// The greatest value of each mask, then one bit per pixel that has it, laid out as `bits`.
@group(0) @binding(6) var<storage, read_write> found: array<u32>;

// Sides are at most 16384, so squared distances are below NONE²; 2 NONE² fits an i32.
const NONE: i32 = 23200;
const NO_OUTSIDE: u32 = 0x7fffffffu;

fn inside(task: Task, pixel: u32) -> bool {
    return ((bits[task.words + pixel / 32u] >> (pixel % 32u)) & 1u) == 1u;
}

// Exact, phase 1: one invocation per column, down and up.
@compute @workgroup_size(64)
fn sweep_columns(@builtin(global_invocation_id) id: vec3<u32>) {
    let task = tasks[id.y];
    let x = id.x;
    if x >= task.width {
        return;
    }
    let around = select(u32(NONE), 0u, task.border == 1u);
    var above = around;
    for (var y = 0u; y < task.height; y++) {
        let pixel = y * task.width + x;
        above = select(0u, min(above + 1u, u32(NONE)), inside(task, pixel));
        columns[task.pixels + pixel] = above;
    }
    var below = around;
    for (var y = task.height; y > 0u; y--) {
        let at = task.pixels + (y - 1u) * task.width + x;
        below = min(columns[at], below + 1u);
        columns[at] = below;
    }
}

// The parabola with its vertex at `vertex`, at `x`.
fn parabola(row: u32, vertex: i32, x: i32) -> i32 {
    let height = i32(columns[row + u32(vertex)]);
    return (x - vertex) * (x - vertex) + height * height;
}

// Exact, phase 2: one invocation per row. The lower envelope of the row's parabolas (Meijster,
// Roerdink and Hesselink 2000).
@compute @workgroup_size(64)
fn lower_envelope(@builtin(global_invocation_id) id: vec3<u32>) {
    let task = tasks[id.y];
    let y = id.x;
    if y >= task.height {
        return;
    }
    let row = task.pixels + y * task.width;
    let width = i32(task.width);
    var parts = 0u;
    for (var x = 0; x < width; x++) {
        var start = 0;
        loop {
            if parts == 0u {
                break;
            }
            let last = envelope[row + parts - 1u];
            let vertex = i32(last & 0xffffu);
            let begin = i32(last >> 16u);
            if parabola(row, vertex, begin) <= parabola(row, x, begin) {
                // The first pixel from which the new one is lower. The sum is not negative.
                let rise = x * x - vertex * vertex + parabola(row, x, x) - parabola(row, vertex, vertex);
                start = floor_divide(rise, 2 * (x - vertex)) + 1;
                break;
            }
            parts--;
        }
        if start < width {
            envelope[row + parts] = u32(x) | (u32(start) << 16u);
            parts++;
        }
    }
    for (var x = width - 1; x >= 0; x--) {
        let part = envelope[row + parts - 1u];
        var squared = parabola(row, i32(part & 0xffffu), x);
        if task.border == 1u {
            squared = min(squared, min((x + 1) * (x + 1), (width - x) * (width - x)));
        }
        distances[row + u32(x)] = select(u32(squared), NO_OUTSIDE, squared >= NONE * NONE);
        if x == i32(part >> 16u) {
            parts--;
        }
    }
}

fn floor_divide(a: i32, b: i32) -> i32 {
    return a / b - select(0, 1, a % b < 0);
}

fn value(task: Task, x: i32, y: i32) -> f32 {
    if x < 0 || y < 0 || x >= i32(task.width) || y >= i32(task.height) {
        return select(FAR, 0.0, task.border == 1u);
    }
    return bitcast<f32>(distances[task.pixels + u32(y) * task.width + u32(x)]);
}

// Chamfers: one workgroup per mask. A pixel needs the pixel left of it, and the two rows above
// up to two pixels ahead; so all pixels with the same x + 3 y can be done at once, which gives
// the values of the sequential passes to the bit.
@compute @workgroup_size(256)
fn chamfer(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let task = tasks[workgroup.y];
    let width = i32(task.width);
    let height = i32(task.height);
    for (var pixel = local.x; pixel < task.width * task.height; pixel += 256u) {
        let length = select(0.0, FAR, inside(task, pixel));
        distances[task.pixels + pixel] = bitcast<u32>(length);
    }
    storageBarrier();
    // The second pass is the first one seen from the other corner.
    for (var turn = 0; turn < 2; turn++) {
        let sign = select(1, -1, turn == 1);
        for (var front = 0; front < width + 3 * (height - 1); front++) {
            for (var row = i32(local.x); row < height; row += 256) {
                let column = front - 3 * row;
                if column >= 0 && column < width {
                    let x = select(column, width - 1 - column, turn == 1);
                    let y = select(row, height - 1 - row, turn == 1);
                    let left = value(task, x - sign, y);
                    let above = y - sign;
                    let straight = min(left, value(task, x, above)) + AXIS;
                    let corner = min(value(task, x - sign, above), value(task, x + sign, above)) + DIAGONAL;
                    let near = min(value(task, x - 2 * sign, above), value(task, x + 2 * sign, above));
                    let far = min(value(task, x - sign, above - sign), value(task, x + sign, above - sign));
                    let way = min(min(straight, corner), min(near, far) + KNIGHT);
                    let at = task.pixels + u32(y) * task.width + u32(x);
                    distances[at] = bitcast<u32>(min(bitcast<f32>(distances[at]), way));
                }
            }
            storageBarrier();
        }
    }
}

// One invocation per excluded pixel.
@compute @workgroup_size(64)
fn exclude(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < arrayLength(&excluded) && excluded[id.x] != 0xffffffffu {
        distances[excluded[id.x]] = 0u;
    }
}

var<workgroup> partial: array<u32, 256>;

// One workgroup per mask. Bits of floats that are not negative order as the floats do.
@compute @workgroup_size(256)
fn greatest(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let task = tasks[workgroup.y];
    var most = 0u;
    for (var pixel = local.x; pixel < task.width * task.height; pixel += 256u) {
        most = max(most, distances[task.pixels + pixel]);
    }
    partial[local.x] = most;
    workgroupBarrier();
    for (var step = 128u; step > 0u; step /= 2u) {
        if local.x < step {
            partial[local.x] = max(partial[local.x], partial[local.x + step]);
        }
        workgroupBarrier();
    }
    if local.x == 0u {
        found[workgroup.y] = partial[0];
    }
}

// One invocation per word of 32 pixels.
@compute @workgroup_size(64)
fn ties(@builtin(global_invocation_id) id: vec3<u32>) {
    let task = tasks[id.y];
    let pixels = task.width * task.height;
    if id.x * 32u >= pixels {
        return;
    }
    let most = found[id.y];
    var word = 0u;
    for (var bit = 0u; bit < 32u; bit++) {
        let pixel = id.x * 32u + bit;
        if pixel < pixels && distances[task.pixels + pixel] == most {
            word |= 1u << bit;
        }
    }
    found[arrayLength(&tasks) + task.words + id.x] = word;
}
