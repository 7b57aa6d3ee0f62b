//! Operations that move or touch each element: results are compared as a whole.

use kernels::{
    Activation, Cost, Device, KernelError, Tensor,
    concat::{self, AxisProblem},
    elementwise::{self, BinaryOperation, BinaryProblem},
    gather::{self, GatherProblem},
    mirror::{self, MirrorProblem},
    resize::{self, ResizeProblem},
    tolerance::Tolerance,
    window::{self, WindowProblem},
};

use super::{Case, Expected, Numbers};

/// Returns the cases of these operations.
pub(crate) fn cases(numbers: Numbers) -> Vec<Case> {
    let mut cases = Vec::new();
    for &(name, problem) in window::CATALOG {
        cases.extend(window_cases(name, problem, numbers));
    }
    for &(name, problem) in elementwise::CATALOG {
        cases.push(binary_case(name, problem, numbers));
    }
    for activation in Activation::ALL {
        cases.push(activation_case(activation, numbers));
    }
    for &(name, problem) in concat::CATALOG {
        cases.extend(concat_cases(name, problem, numbers));
    }
    for &(name, problem) in resize::CATALOG {
        cases.push(resize_case(name, problem, numbers));
    }
    for &(name, problem) in mirror::CATALOG {
        cases.push(mirror_case(name, problem, numbers));
    }
    for &(name, problem) in gather::CATALOG {
        cases.push(gather_case(name, problem, numbers));
    }
    cases
}

/// Builds a case of one input.
fn case(
    name: String,
    cost: Cost,
    tolerance: Tolerance,
    shape: Vec<usize>,
    numbers: Numbers,
    operation: impl Fn(&Tensor) -> Result<Tensor, KernelError> + Clone + Sync + 'static,
    reference: impl Fn(&[f32]) -> Vec<f32> + 'static,
) -> Case {
    let elements = shape.iter().product();
    let input = move || numbers.inputs(1, elements);
    Case {
        name,
        cost,
        tolerance,
        prepare: Box::new(move |device: &Device| {
            let x = Tensor::from_vec(device, &shape, input()).expect("the length fits");
            let operation = operation.clone();
            Box::new(move || operation(&x).expect("the catalogue's shapes fit"))
        }),
        expect: Box::new(move || {
            let values = reference(&input());
            Expected {
                rows: (0..values.len()).collect(),
                width: 1,
                values,
            }
        }),
    }
}

fn window_cases(name: &str, problem: WindowProblem, numbers: Numbers) -> [Case; 2] {
    let WindowProblem {
        batch,
        height,
        width,
        channels,
        window: side,
    } = problem;
    let [rows, columns] = problem.grid();
    let padding = move || numbers.inputs(2, channels);
    let partition = case(
        format!("window/partition/{name}"),
        problem.cost(),
        Tolerance::EXACT,
        vec![batch, height, width, channels],
        numbers,
        move |x| {
            let padding = Tensor::from_vec(x.device(), &[channels], padding())?;
            window::partition_windows(x, side, &padding)
        },
        move |x| window::reference::partition_windows(&problem, x, &padding()),
    );
    let merge = case(
        format!("window/merge/{name}"),
        problem.cost(),
        Tolerance::EXACT,
        vec![batch * rows * columns, side, side, channels],
        numbers,
        move |x| window::merge_windows(x, [height, width]),
        move |x| window::reference::merge_windows(&problem, x),
    );
    [partition, merge]
}

fn binary_case(name: &str, problem: BinaryProblem, numbers: Numbers) -> Case {
    let BinaryProblem {
        operation,
        elements,
        period,
    } = problem;
    let other = move || numbers.inputs(2, period);
    case(
        format!("elementwise/{name}"),
        problem.cost(),
        Tolerance::EXACT,
        vec![elements / period.max(1), period],
        numbers,
        move |x| {
            let other = Tensor::from_vec(x.device(), &[1, period], other())?;
            match operation {
                BinaryOperation::Add => elementwise::add(x, &other),
                BinaryOperation::Multiply => elementwise::multiply(&other, x),
            }
        },
        move |x| elementwise::reference::binary(&problem, x, &other()),
    )
}

fn activation_case(activation: Activation, numbers: Numbers) -> Case {
    let elements = 100_003;
    case(
        format!("elementwise/{activation:?}"),
        Cost {
            flops: 0,
            bytes: 8 * elements,
        },
        Tolerance::ACTIVATION,
        vec![elements as usize],
        numbers,
        move |x| elementwise::activate(x, activation),
        move |x| elementwise::reference::activate(activation, x),
    )
}

fn concat_cases(name: &str, problem: AxisProblem, numbers: Numbers) -> [Case; 2] {
    let AxisProblem {
        outer,
        extent,
        inner,
    } = problem;
    let shape = vec![outer, extent, inner];
    let range = extent / 3..extent;
    let cut = range.clone();
    let slice = case(
        format!("concat/slice/{name}"),
        problem.cost(),
        Tolerance::EXACT,
        shape.clone(),
        numbers,
        move |x| concat::slice(x, 1, cut.clone()),
        move |x| concat::reference::slice(&problem, x, range.clone()),
    );
    let join = case(
        format!("concat/concat/{name}"),
        problem.cost(),
        Tolerance::EXACT,
        shape,
        numbers,
        move |x| concat::concat(&[x, &concat::slice(x, 1, 0..1)?, x], 1),
        move |x| {
            let first = concat::reference::slice(&problem, x, 0..1);
            let one = AxisProblem {
                extent: 1,
                ..problem
            };
            concat::reference::concat(&[(problem, x), (one, &first), (problem, x)])
        },
    );
    [slice, join]
}

fn resize_case(name: &str, problem: ResizeProblem, numbers: Numbers) -> Case {
    let [height, width] = problem.from;
    case(
        format!("resize/{name}"),
        problem.cost(),
        Tolerance::RESIZE,
        vec![problem.batch, height, width, problem.channels],
        numbers,
        move |x| resize::resize_bilinear(x, problem.to),
        move |x| resize::reference::resize_bilinear(&problem, x),
    )
}

fn mirror_case(name: &str, problem: MirrorProblem, numbers: Numbers) -> Case {
    case(
        format!("mirror/{name}"),
        problem.cost(),
        Tolerance::EXACT,
        vec![1, problem.rows, problem.width, problem.channels],
        numbers,
        mirror::mirror,
        move |x| mirror::reference::mirror(&problem, x),
    )
}

fn gather_case(name: &str, problem: GatherProblem, numbers: Numbers) -> Case {
    let GatherProblem {
        batch,
        pixels,
        channels,
    } = problem;
    let logits = move || numbers.inputs(2, batch * pixels);
    case(
        format!("gather/{name}"),
        problem.cost(),
        Tolerance::GATHER,
        vec![batch, pixels, channels],
        numbers,
        move |x| {
            let logits = Tensor::from_vec(x.device(), &[batch, pixels, 1], logits())?;
            gather::gather(x, &logits)
        },
        move |x| gather::reference::gather(&problem, x, &logits()),
    )
}
