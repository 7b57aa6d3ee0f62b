//! The run folder, `runs/<name>/`: the only place that a run writes to. See [`RunFolder`].
//!
//! While a run goes on, [`Results`] appends each finished case; a run that was cut off goes on from
//! there. At the end everything else is made from the rows alone.

mod conclude;
mod differences;
mod digest;
mod error;
mod execute;
mod exhibit;
mod failures;
mod folder;
mod gallery;
mod group;
mod journal;
mod json_lines;
mod log;
mod manifest;
mod masks;
mod means;
mod merge;
mod name;
mod noc;
mod overlay;
mod parquet;
mod percentiles;
mod predictions;
mod progress;
mod recording;
mod results;
mod rle;
mod row;
mod rows;
mod shard;
mod sorted;
mod sorter;
mod summary;
mod table;
mod timings;

pub use digest::{Digest, Typical};
pub use error::RunError;
pub use execute::{LoadError, LoadedModel, Order, Report, execute};
pub use exhibit::{Exhibit, read_gallery};
pub use failures::{Failure, read_failures};
pub use folder::RunFolder;
pub(crate) use folder::{clear_folder, replace_with};
pub use gallery::{Undrawn, draw_typical};
pub use group::{Group, trials};
pub use log::CaseKey;
pub use manifest::{
    Counts, DatasetEntry, Manifest, ModelEntry, ScenarioText, StageEntry, State, StrategyEntry,
};
pub use masks::{Exported, MaskError, Prompts, export_masks};
pub use merge::{DataError, merge, open_datasets};
pub use name::safe_name;
pub use noc::{NocRow, write_noc};
pub use overlay::{Caption, Overlay, Photograph, Sheet, Tile, Vector, outlines};
pub use percentiles::Percentile;
pub use predictions::{PredictedMask, find_predictions};
pub use progress::Progress;
pub use recording::{RecordedPrompt, Recording, RecordingError, Scene, recordings};
pub use results::{CaseResult, Results};
pub use rle::{Rle, RleError};
pub use row::{Row, TrialId};
pub use rows::read_rows;
pub use shard::{Shard, ShardError};
pub use summary::{SummaryRow, write_summary};
pub use table::table;
pub use timings::read_timings;
