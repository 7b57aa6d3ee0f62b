//! A restricted unpickler: a pickle is a program for a small stack machine; this one builds
//! plain values and descriptions of tensors, and calls nothing. See [`read`].
//!
//! Every global outside [`Global::named`] is refused the moment it is looked up, even if it
//! would never be called. Values live in an arena and refer to each other by index, so shared or
//! nested ones cost no more memory than their opcodes, and dropping them does not recurse.
//!
//! Opcodes: Python's `Lib/pickletools.py`. What PyTorch writes: `torch/serialization.py`.

use std::collections::HashMap;

use super::values::{Global, Id, StorageId, Value, Values, View};
use crate::weights::Flaw;

/// Reads a pickle up to its STOP.
pub(super) fn read(pickle: &[u8]) -> Result<Values<'_>, Flaw> {
    let mut machine = Machine {
        pickle,
        position: 0,
        arena: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    loop {
        let position = machine.position;
        let step = machine.step().map_err(|stop| match stop {
            Stop::Malformed(problem) => Flaw::Pickle { problem, position },
            Stop::Forbidden(global) => Flaw::ForbiddenGlobal { global },
        })?;
        if let Some(root) = step {
            let arena = machine.arena;
            return Ok(Values { arena, root });
        }
    }
}

/// Why the machine stops before STOP.
enum Stop {
    Malformed(&'static str),
    Forbidden(String),
}

impl From<&'static str> for Stop {
    fn from(problem: &'static str) -> Self {
        Self::Malformed(problem)
    }
}

struct Machine<'a> {
    pickle: &'a [u8],
    position: usize,
    arena: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// Stack heights at each open MARK.
    marks: Vec<usize>,
    memo: HashMap<usize, Id>,
}

impl<'a> Machine<'a> {
    /// Executes one opcode; returns the root at STOP.
    fn step(&mut self) -> Result<Option<Id>, Stop> {
        match self.number(1)? as u8 {
            b'.' => return Ok(Some(self.pop()?)),
            // PROTO and FRAME say nothing that is needed.
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'N' => self.push(Value::Nothing),
            flag @ (0x88 | 0x89) => self.push(Value::Bool(flag == 0x88)),
            b'G' => self.skip(8)?,
            b'K' => self.unsigned_integer(1)?,
            b'M' => self.unsigned_integer(2)?,
            b'J' => self.signed_integer(4)?,
            0x8a => {
                let length = self.number(1)?;
                self.signed_integer(length)?;
            }
            b'X' => self.text(4)?,
            0x8c => self.text(1)?,
            0x8d => self.text(8)?,
            b'C' | b'U' => {
                let length = self.number(1)?;
                self.skip(length)?;
            }
            b'B' | b'T' => {
                let length = self.number(4)?;
                self.skip(length)?;
            }
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_to_mark()?),
            b')' => self.push(Value::Tuple(Box::default())),
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Tuple(items.into()));
            }
            b']' => self.push(Value::List),
            b'a' => {
                self.pop()?;
                self.expect_list()?;
            }
            b'e' => {
                self.pop_to_mark()?;
                self.expect_list()?;
            }
            b'}' => self.push(Value::Dict(Vec::new())),
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set_items(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set_items(&items)?;
            }
            b'q' => self.memoize_at(1)?,
            b'r' => self.memoize_at(4)?,
            0x94 => {
                let slot = self.memo.len();
                self.memoize(slot)?;
            }
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(module, name)?;
            }
            // INST also names a global; it is refused by name, never built.
            b'i' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(module, name)?;
                return Err("INST is not supported".into());
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) =
                    (&self.arena[module], &self.arena[name])
                else {
                    return Err("the name of a global is no text".into());
                };
                self.global(module, name)?;
            }
            b'Q' => {
                let id = self.pop()?;
                let storage = self.storage(id).ok_or("a storage is described wrongly")?;
                self.push(Value::Storage(Box::new(storage)));
            }
            b'R' => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                let value = self
                    .rebuild(callable, arguments)
                    .ok_or("a tensor is described wrongly")?;
                self.push(value);
            }
            b'b' => {
                // The attributes of an OrderedDict (`_metadata`) are not parameters.
                self.pop()?;
                self.dict()?;
            }
            _ => return Err("an opcode that no state dict needs".into()),
        }
        Ok(None)
    }

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(self.arena.len());
        self.arena.push(value);
    }

    fn pop(&mut self) -> Result<Id, Stop> {
        if self.marks.last() == Some(&self.stack.len()) {
            return Err("a value is missing above the mark".into());
        }
        Ok(self.stack.pop().ok_or("the stack is empty")?)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, Stop> {
        let mark = self.marks.pop().ok_or("there is no mark")?;
        Ok(self.stack.split_off(mark))
    }

    fn top(&self) -> Result<Id, Stop> {
        if self.marks.last() == Some(&self.stack.len()) {
            return Err("a value is missing above the mark".into());
        }
        Ok(*self.stack.last().ok_or("the stack is empty")?)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Stop> {
        let rest = &self.pickle[self.position..];
        let taken = rest.get(..length).ok_or("it ends early")?;
        self.position += length;
        Ok(taken)
    }

    fn skip(&mut self, length: usize) -> Result<(), Stop> {
        self.take(length)?;
        self.push(Value::Plain);
        Ok(())
    }

    /// An unsigned number of `length` bytes, little-endian.
    fn number(&mut self, length: usize) -> Result<usize, Stop> {
        let bytes = self.take(length)?.iter().rev();
        Ok(bytes.fold(0, |value, &byte| value << 8 | usize::from(byte)))
    }

    fn unsigned_integer(&mut self, length: usize) -> Result<(), Stop> {
        let value = self.number(length)?;
        self.push(Value::Int(value as i64));
        Ok(())
    }

    /// Two's complement; what does not fit an i64 describes no tensor.
    fn signed_integer(&mut self, length: usize) -> Result<(), Stop> {
        let mut bytes = [0; 8];
        let taken = self.take(length)?;
        let Some(low) = bytes.get_mut(..length) else {
            self.push(Value::Plain);
            return Ok(());
        };
        low.copy_from_slice(taken);
        if taken.last().is_some_and(|&top| top >= 0x80) {
            bytes[length..].fill(0xff);
        }
        self.push(Value::Int(i64::from_le_bytes(bytes)));
        Ok(())
    }

    fn text(&mut self, length_bytes: usize) -> Result<(), Stop> {
        let length = self.number(length_bytes)?;
        let bytes = self.take(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| "a text is not UTF-8")?;
        self.push(Value::Text(text));
        Ok(())
    }

    fn line(&mut self) -> Result<&'a str, Stop> {
        let rest = &self.pickle[self.position..];
        let length = rest.iter().position(|&byte| byte == b'\n');
        let line = self.take(length.ok_or("it ends early")?)?;
        self.position += 1;
        Ok(std::str::from_utf8(line).map_err(|_| "a text is not UTF-8")?)
    }

    fn tuple(&mut self, length: usize) -> Result<(), Stop> {
        let mut items = Vec::with_capacity(length);
        for _ in 0..length {
            items.push(self.pop()?);
        }
        items.reverse();
        self.push(Value::Tuple(items.into()));
        Ok(())
    }

    fn expect_list(&self) -> Result<(), Stop> {
        match self.arena[self.top()?] {
            Value::List => Ok(()),
            _ => Err("an item is added to what is no list".into()),
        }
    }

    fn dict(&mut self) -> Result<&mut Vec<(Id, Id)>, Stop> {
        let top = self.top()?;
        match &mut self.arena[top] {
            Value::Dict(items) => Ok(items),
            _ => Err("an item is set in what is no dict".into()),
        }
    }

    fn set_items(&mut self, items: &[Id]) -> Result<(), Stop> {
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err("a key has no value".into());
        }
        self.dict()?
            .extend(pairs.iter().map(|&[key, value]| (key, value)));
        Ok(())
    }

    fn memoize_at(&mut self, slot_bytes: usize) -> Result<(), Stop> {
        let slot = self.number(slot_bytes)?;
        self.memoize(slot)
    }

    fn memoize(&mut self, slot: usize) -> Result<(), Stop> {
        let top = self.top()?;
        self.memo.insert(slot, top);
        Ok(())
    }

    fn recall(&mut self, slot_bytes: usize) -> Result<(), Stop> {
        let slot = self.number(slot_bytes)?;
        let id = *self.memo.get(&slot).ok_or("a memo slot is empty")?;
        self.stack.push(id);
        Ok(())
    }

    fn global(&mut self, module: &str, name: &str) -> Result<(), Stop> {
        let global = Global::named(module, name)
            .ok_or_else(|| Stop::Forbidden(format!("{module}.{name}")))?;
        self.push(Value::Global(global));
        Ok(())
    }

    /// Resolves ("storage", type, key, device, number of elements).
    fn storage(&self, id: Id) -> Option<StorageId<'a>> {
        let &[tag, class, key, _device, count] = self.items(id)? else {
            return None;
        };
        let (Value::Text("storage"), Value::Global(Global::Storage(element)), Value::Text(key)) =
            (&self.arena[tag], &self.arena[class], &self.arena[key])
        else {
            return None;
        };
        Some(StorageId {
            element: *element,
            key,
            count: self.unsigned(count)?,
        })
    }

    /// What calling a known global would return.
    fn rebuild(&self, callable: Id, arguments: Id) -> Option<Value<'a>> {
        let Value::Global(global) = self.arena[callable] else {
            return None;
        };
        match (global, self.items(arguments)?) {
            (Global::OrderedDict, []) => Some(Value::Dict(Vec::new())),
            (Global::RebuildTensor, &[storage, offset, shape, strides, ..]) => {
                let Value::Storage(storage) = &self.arena[storage] else {
                    return None;
                };
                Some(Value::Tensor(Box::new(View {
                    storage: (**storage).clone(),
                    offset: self.unsigned(offset)?,
                    shape: self.sizes(shape)?,
                    strides: self.sizes(strides)?,
                })))
            }
            (Global::RebuildParameter, &[tensor, ..]) => match &self.arena[tensor] {
                Value::Tensor(view) => Some(Value::Tensor(view.clone())),
                _ => None,
            },
            _ => None,
        }
    }

    fn items(&self, tuple: Id) -> Option<&[Id]> {
        match &self.arena[tuple] {
            Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    fn unsigned(&self, id: Id) -> Option<usize> {
        match self.arena[id] {
            Value::Int(value) => usize::try_from(value).ok(),
            _ => None,
        }
    }

    /// The sizes or strides of a tensor. No real one has more than 8 axes; the limit keeps a
    /// shared tuple from being copied into ever more tensors.
    fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        let items = self.items(id)?;
        if items.len() > 8 {
            return None;
        }
        items.iter().map(|&item| self.unsigned(item)).collect()
    }
}
