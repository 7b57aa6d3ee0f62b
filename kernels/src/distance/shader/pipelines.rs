//! The passes of `shader.wgsl`, compiled. See [`Pipelines`].

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use cubecl::wgpu::wgpu;

use super::super::{
    Metric,
    problem::{CHAMFER3, CHAMFER5},
};
use crate::gpu::Gpu;

/// What the shader takes for infinite: WGSL has no literal for that, and twice of it still fits.
pub(super) const FAR: f32 = 1.0e38;

/// What no compiler takes.
const SPOILED: &str = "const SPOILED: f32 = nothing_of_that_name;\n";

/// A step of the transform; the name of its entry point.
#[derive(Clone, Copy)]
pub(super) enum Pass {
    SweepColumns,
    LowerEnvelope,
    Chamfer,
    Exclude,
    Greatest,
    Ties,
}

impl Pass {
    fn of(metric: Metric) -> &'static [Self] {
        match metric {
            Metric::Exact => &[
                Self::SweepColumns,
                Self::LowerEnvelope,
                Self::Exclude,
                Self::Greatest,
                Self::Ties,
            ],
            Metric::Chamfer3 | Metric::Chamfer5 => {
                &[Self::Chamfer, Self::Exclude, Self::Greatest, Self::Ties]
            }
        }
    }

    pub(super) fn entry(self) -> &'static str {
        match self {
            Self::SweepColumns => "sweep_columns",
            Self::LowerEnvelope => "lower_envelope",
            Self::Chamfer => "chamfer",
            Self::Exclude => "exclude",
            Self::Greatest => "greatest",
            Self::Ties => "ties",
        }
    }
}

/// A metric's passes, compiled.
#[derive(Clone)]
pub(super) struct Pipelines {
    pub(super) layout: wgpu::BindGroupLayout,
    pub(super) passes: Vec<(Pass, wgpu::ComputePipeline)>,
}

impl Pipelines {
    /// Returns the process's pipelines, compiled when first asked for.
    pub(super) fn get(gpu: &Gpu, metric: Metric) -> Self {
        static COMPILED: Mutex<Option<HashMap<Metric, Pipelines>>> = Mutex::new(None);
        if gpu.has_spoiled_shader() {
            let text = format!("{SPOILED}{}", text(metric));
            return Self::compile(&super::setup(gpu).device, metric, text);
        }
        let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
        compiled
            .get_or_insert_default()
            .entry(metric)
            .or_insert_with(|| Self::compile(&super::setup(gpu).device, metric, text(metric)))
            .clone()
    }

    fn compile(device: &wgpu::Device, metric: Metric, text: String) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("distance"),
            source: wgpu::ShaderSource::Wgsl(Cow::Owned(text)),
        });
        // The bindings of the shader: its inputs are those that it only reads.
        let entries: Vec<_> = [true, true, false, false, false, true, false]
            .into_iter()
            .zip(0..)
            .map(|(read_only, binding)| wgpu::BindGroupLayoutEntry {
                binding,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: wgpu::BufferBindingType::Storage { read_only },
                    has_dynamic_offset: false,
                    min_binding_size: None,
                },
                count: None,
            })
            .collect();
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("distance"),
            entries: &entries,
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("distance"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let compile = |pass: Pass| {
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(pass.entry()),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some(pass.entry()),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
        };
        Self {
            passes: Pass::of(metric)
                .iter()
                .map(|&pass| (pass, compile(pass)))
                .collect(),
            layout,
        }
    }
}

/// Returns the shader's text.
fn text(metric: Metric) -> String {
    format!("{}{}", steps(metric), include_str!("../shader.wgsl"))
}

/// Returns the constants that the shader's text begins with. [`Metric::Exact`] takes no steps.
fn steps(metric: Metric) -> String {
    let steps = match metric {
        Metric::Chamfer3 | Metric::Exact => CHAMFER3,
        Metric::Chamfer5 => CHAMFER5,
    };
    let constants = [
        ("FAR", FAR),
        ("AXIS", steps.axis),
        ("DIAGONAL", steps.diagonal),
        // The 3×3 neighbourhood has none.
        ("KNIGHT", steps.knight.min(FAR)),
    ];
    constants
        .map(|(name, length)| format!("const {name}: f32 = {length:e}f;\n"))
        .concat()
}
