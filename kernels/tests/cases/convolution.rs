//! Convolutions: their pixels are compared by sample.

use kernels::{
    Precision,
    bottleneck::{self, BottleneckProblem, BottleneckWeights},
    conv_transpose2d::{self, ConvTransposeProblem, ConvTransposeWeights},
    conv2d::{self, Conv2dProblem, ConvWeights, Groups},
    tolerance::Tolerance,
};

use super::{Case, Numbers, Setting, expected, run, run_with, sampled, tensor};

/// Returns the cases of these operations.
pub(crate) fn cases(setting: Setting) -> Vec<Case> {
    let mut cases = Vec::new();
    for &(name, problem) in conv2d::CATALOG {
        // Depthwise ones are no products of matrices, and never round.
        if setting.precision == Precision::F32 || problem.layout.groups == Groups::Full {
            cases.push(conv2d_case(name, problem, setting));
        }
    }
    if setting.precision == Precision::F32 {
        for (name, problem) in bottleneck::CATALOG {
            cases.push(bottleneck_case(name, problem, setting));
        }
    }
    for &(name, problem) in conv_transpose2d::CATALOG {
        cases.push(conv_transpose2d_case(name, problem, setting));
    }
    cases
}

fn conv2d_case(name: &str, whole: Conv2dProblem, setting: Setting) -> Case {
    let least = 3 * whole.layout.kernel[0];
    let problem = Conv2dProblem {
        height: setting.cut(whole.cost(), whole.height, least),
        ..whole
    };
    let Conv2dProblem {
        batch,
        height,
        width,
        layout,
        activation,
        ..
    } = problem;
    let fan = match layout.groups {
        Groups::Full => layout.inputs,
        Groups::Depthwise => 1,
    };
    let terms = fan * layout.kernel[0] * layout.kernel[1];
    let [out_height, out_width] = problem.output_size();
    let out_shape = [batch, out_height, out_width, layout.outputs];
    let pixels = batch * out_height * out_width;
    let x = move || setting.inputs(1, batch * height * width * layout.inputs);
    let weight = move || Numbers::weights(2, layout.outputs * terms, terms);
    let bias = move || problem.bias.then(|| setting.inputs(3, layout.outputs));
    let residual = move || {
        let elements = pixels * layout.outputs;
        problem.residual.then(|| setting.inputs(4, elements))
    };
    Case {
        name: format!("conv2d/{name}"),
        cost: problem.cost(),
        tolerance: Tolerance::sum(terms),
        prepare: Box::new(move |device| {
            let x = tensor(device, &[batch, height, width, layout.inputs], x());
            let residual = residual().map(|r| tensor(device, &out_shape, r));
            let weights = ConvWeights::new(device, layout, &weight(), bias().as_deref());
            let weights = weights.expect("the lengths fit");
            run_with(activation, residual, move |epilogue| {
                conv2d::conv2d(&x, &weights, epilogue)
            })
        }),
        expect: Box::new(move || {
            let (sample, bias, residual) = (sampled(1, pixels), bias(), residual());
            let (bias, residual) = (bias.as_deref(), residual.as_deref());
            let values = conv2d::reference::conv2d(
                &problem,
                &setting.rounded(x()),
                &setting.rounded(weight()),
                bias,
                residual,
                sample.iter().copied(),
            );
            expected(sample, layout.outputs, values)
        }),
    }
}

fn bottleneck_case(name: &str, problem: &'static BottleneckProblem, setting: Setting) -> Case {
    let BottleneckProblem {
        expand,
        depthwise,
        project,
    } = *problem;
    let parts = [expand, depthwise, project];
    let terms = |part: Conv2dProblem| match part.layout.groups {
        Groups::Full => part.layout.inputs,
        Groups::Depthwise => part.layout.kernel.iter().product(),
    };
    let [out_height, out_width] = project.output_size();
    let pixels = project.batch * out_height * out_width;
    let x_shape = [
        expand.batch,
        expand.height,
        expand.width,
        expand.layout.inputs,
    ];
    let out_shape = [project.batch, out_height, out_width, project.layout.outputs];
    let x = move || setting.inputs(1, x_shape.iter().product());
    let weights = move || {
        let mut seed = 2;
        parts.map(|part| {
            seed += 2;
            let (outputs, terms) = (part.layout.outputs, terms(part));
            let weight = Numbers::weights(seed, outputs * terms, terms);
            (weight, setting.inputs(seed + 1, outputs))
        })
    };
    let residual = move || {
        let elements = out_shape.iter().product();
        project.residual.then(|| setting.inputs(2, elements))
    };
    Case {
        name: format!("bottleneck/{name}"),
        cost: problem.cost(),
        tolerance: Tolerance::sum(parts.map(terms).iter().sum()),
        prepare: Box::new(move |device| {
            let x = tensor(device, &x_shape, x());
            let residual = residual().map(|r| tensor(device, &out_shape, r));
            let mut parts = parts.iter().zip(weights()).map(|(part, (weight, bias))| {
                let weights = ConvWeights::new(device, part.layout, &weight, Some(&bias));
                weights.expect("the lengths fit")
            });
            let [first, second, third] = std::array::from_fn(|_| parts.next().expect("three"));
            let weights = BottleneckWeights::new(first, second, third).expect("they fit");
            run_with(project.activation, residual, move |epilogue| {
                bottleneck::bottleneck(&x, &weights, expand.activation, epilogue)
            })
        }),
        expect: Box::new(move || {
            let (sample, weights, residual) = (sampled(1, pixels), weights(), residual());
            let parameters = weights.each_ref();
            let parameters = parameters.map(|(weight, bias)| (&**weight, Some(&**bias)));
            let (x, residual) = (x(), residual.as_deref());
            let values =
                bottleneck::reference::bottleneck(problem, &x, parameters, residual, &sample);
            expected(sample, project.layout.outputs, values)
        }),
    }
}

fn conv_transpose2d_case(name: &str, whole: ConvTransposeProblem, setting: Setting) -> Case {
    let problem = ConvTransposeProblem {
        height: setting.cut(whole.cost(), whole.height, 3),
        ..whole
    };
    let ConvTransposeProblem {
        batch,
        height,
        width,
        inputs,
        outputs,
        activation,
        ..
    } = problem;
    let x = move || setting.inputs(1, batch * height * width * inputs);
    let weight = move || Numbers::weights(2, 4 * inputs * outputs, inputs);
    let bias = move || problem.bias.then(|| setting.inputs(3, outputs));
    Case {
        name: format!("conv_transpose2d/{name}"),
        cost: problem.cost(),
        tolerance: Tolerance::sum(inputs),
        prepare: Box::new(move |device| {
            let x = tensor(device, &[batch, height, width, inputs], x());
            let shape = [inputs, outputs];
            let weights = ConvTransposeWeights::new(device, shape, &weight(), bias().as_deref());
            let weights = weights.expect("the lengths fit");
            run(move || conv_transpose2d::conv_transpose2d(&x, &weights, activation))
        }),
        expect: Box::new(move || {
            let (sample, bias) = (sampled(1, 4 * batch * height * width), bias());
            let values = conv_transpose2d::reference::conv_transpose2d(
                &problem,
                &setting.rounded(x()),
                &setting.rounded(weight()),
                bias.as_deref(),
                sample.iter().copied(),
            );
            expected(sample, outputs, values)
        }),
    }
}
