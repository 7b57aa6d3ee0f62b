//! Operations that multiply and add: their rows are compared by sample.

use kernels::{
    Precision,
    attention::{self, AttentionBias, AttentionProblem, BiasKind},
    linear::{self, LinearProblem, LinearWeights},
    matmul::{self, MatmulProblem},
    norm::{self, NormProblem, NormWeights},
    tolerance::Tolerance,
};

use super::{Case, Numbers, Setting, expected, run, run_with, sampled, tensor};

/// Returns the cases of these operations.
pub(crate) fn cases(setting: Setting) -> Vec<Case> {
    let mut cases = Vec::new();
    for &(name, problem) in linear::CATALOG {
        cases.push(linear_case(name, problem, setting));
    }
    for &(name, problem) in attention::CATALOG {
        cases.push(attention_case(name, problem, setting));
    }
    if setting.precision == Precision::F32 {
        for &(name, problem) in norm::CATALOG {
            cases.push(norm_case(name, problem, setting));
        }
    }
    for &(name, problem) in matmul::CATALOG {
        cases.push(matmul_case(name, problem, setting));
    }
    cases
}

fn linear_case(name: &str, whole: LinearProblem, setting: Setting) -> Case {
    let problem = LinearProblem {
        rows: setting.cut(whole.cost(), whole.rows, 24),
        ..whole
    };
    let LinearProblem {
        rows,
        inputs,
        outputs,
        activation,
        ..
    } = problem;
    let x = move || setting.inputs(1, rows * inputs);
    let weight = move || Numbers::weights(2, inputs * outputs, inputs);
    let bias = move || problem.bias.then(|| setting.inputs(3, outputs));
    let residual = move || problem.residual.then(|| setting.inputs(4, rows * outputs));
    Case {
        name: format!("linear/{name}"),
        cost: problem.cost(),
        tolerance: Tolerance::sum(inputs),
        prepare: Box::new(move |device| {
            let x = tensor(device, &[rows, inputs], x());
            let residual = residual().map(|r| tensor(device, &[rows, outputs], r));
            let weights =
                LinearWeights::new(device, [outputs, inputs], &weight(), bias().as_deref());
            let weights = weights.expect("the lengths fit");
            run_with(activation, residual, move |epilogue| {
                linear::linear(&x, &weights, epilogue)
            })
        }),
        expect: Box::new(move || {
            let (sample, bias, residual) = (sampled(1, rows), bias(), residual());
            let (bias, residual) = (bias.as_deref(), residual.as_deref());
            let values = linear::reference::linear(
                &problem,
                &setting.rounded(x()),
                &setting.rounded(weight()),
                bias,
                residual,
                sample.iter().copied(),
            );
            expected(sample, outputs, values)
        }),
    }
}

fn attention_case(name: &str, whole: AttentionProblem, setting: Setting) -> Case {
    // One image of keys serves all, or each has its own: at least two show which.
    let batch = setting.cut(whole.cost(), whole.batch, 2);
    let images = AttentionProblem {
        batch,
        key_batch: whole.key_batch.min(batch),
        ..whole
    };
    let problem = AttentionProblem {
        heads: setting.cut(images.cost(), images.heads, 1),
        ..images
    };
    let AttentionProblem {
        batch,
        key_batch,
        heads,
        head_dim,
        queries,
        keys,
        bias,
    } = problem;
    let channels = heads * head_dim;
    // Self-attention reads its three parts from one tensor, as our models do.
    let fused = batch == key_batch && queries == keys;
    let stride = if fused { 3 * channels } else { channels };
    let q = move || setting.inputs(1, batch * queries * stride);
    let k = move || setting.inputs(2, key_batch * keys * channels);
    let v = move || setting.inputs(3, key_batch * keys * channels);
    let tables = move || -> [(Vec<f32>, Vec<usize>); 2] {
        let shapes = match bias {
            BiasKind::None => [vec![0], vec![0]],
            BiasKind::Table => [vec![heads, queries, keys], vec![0]],
            BiasKind::RelativePositions { height, width } => [
                vec![2 * height - 1, head_dim],
                vec![2 * width - 1, head_dim],
            ],
        };
        let mut seed = 3;
        shapes.map(|shape| {
            seed += 1;
            let terms = if shape.len() == 2 { head_dim } else { 3 };
            (Numbers::weights(seed, shape.iter().product(), terms), shape)
        })
    };
    let q_shape = match bias {
        BiasKind::RelativePositions { height, width } => vec![batch, height, width, stride],
        BiasKind::None | BiasKind::Table => vec![batch, queries, stride],
    };
    Case {
        name: format!("attention/{name}"),
        cost: problem.cost(),
        tolerance: Tolerance::attention(head_dim, setting.precision),
        prepare: Box::new(move |device| {
            let q = tensor(device, &q_shape, q());
            let [k, v] = [k(), v()].map(|x| tensor(device, &[key_batch, keys, channels], x));
            let [first, second] = tables().map(|(data, shape)| tensor(device, &shape, data));
            run(move || {
                let bias = match bias {
                    BiasKind::None => AttentionBias::None,
                    BiasKind::Table => AttentionBias::Table(&first),
                    BiasKind::RelativePositions { .. } => AttentionBias::RelativePositions {
                        rows: &first,
                        columns: &second,
                    },
                };
                if fused {
                    let part = |i| q.columns(i * channels..(i + 1) * channels);
                    attention::attention(part(0)?, part(1)?, part(2)?, heads, bias)
                } else {
                    attention::attention(&q, &k, &v, heads, bias)
                }
            })
        }),
        expect: Box::new(move || {
            let sample = sampled(1, batch * queries);
            let [q, k, v] = [q(), k(), v()].map(|x| setting.rounded(x));
            let mut tables = tables();
            if let BiasKind::RelativePositions { .. } = bias {
                tables = tables.map(|(data, shape)| (setting.rounded(data), shape));
            }
            let [first, second] = tables;
            let bias = match bias {
                BiasKind::None => attention::reference::Bias::None,
                BiasKind::Table => attention::reference::Bias::Table(&first.0),
                BiasKind::RelativePositions { .. } => {
                    attention::reference::Bias::RelativePositions {
                        rows: &first.0,
                        columns: &second.0,
                    }
                }
            };
            let part = |i: usize| (q.get(i * channels..).unwrap_or_default(), stride);
            let [q, k, v] = if fused {
                [part(0), part(1), part(2)]
            } else {
                [part(0), (&*k, channels), (&*v, channels)]
            };
            let rows = sample.iter().copied();
            let values = attention::reference::attention(&problem, q, k, v, &bias, rows);
            expected(sample, channels, values)
        }),
    }
}

fn norm_case(name: &str, problem: NormProblem, setting: Setting) -> Case {
    let NormProblem { rows, channels } = problem;
    let x = move || setting.inputs(1, rows * channels);
    let [weight, bias] = [2, 3].map(|seed| move || setting.inputs(seed, channels));
    Case {
        name: format!("norm/{name}"),
        cost: problem.cost(),
        tolerance: Tolerance::NORM,
        prepare: Box::new(move |device| {
            let x = tensor(device, &[rows, channels], x());
            let weights = NormWeights::new(device, &weight(), &bias(), 1e-6);
            let weights = weights.expect("the lengths fit");
            run(move || norm::layer_norm(&x, &weights))
        }),
        expect: Box::new(move || {
            let values = norm::reference::layer_norm(&problem, &x(), &weight(), &bias(), 1e-6);
            expected((0..rows).collect(), channels, values)
        }),
    }
}

fn matmul_case(name: &str, whole: MatmulProblem, setting: Setting) -> Case {
    let problem = MatmulProblem {
        columns: setting.cut(whole.cost(), whole.columns, 24),
        ..whole
    };
    let MatmulProblem {
        batch,
        rows,
        columns,
        inner,
    } = problem;
    let a = move || setting.inputs(1, batch * rows * inner);
    let b = move || Numbers::weights(2, batch * columns * inner, inner);
    Case {
        name: format!("matmul/{name}"),
        cost: problem.cost(),
        tolerance: Tolerance::sum(inner),
        prepare: Box::new(move |device| {
            let a = tensor(device, &[batch, rows, inner], a());
            let b = tensor(device, &[batch, columns, inner], b());
            run(move || matmul::matmul_transposed(&a, &b))
        }),
        expect: Box::new(move || {
            let [a, b] = [a(), b()].map(|x| setting.rounded(x));
            let values = matmul::reference::matmul_transposed(&problem, &a, &b);
            expected((0..batch * rows).collect(), columns, values)
        }),
    }
}
