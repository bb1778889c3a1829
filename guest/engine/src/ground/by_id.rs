//! A map from model ids, in their order.
//!
//! A sorted list: `BTreeMap` adds six kilobytes to the component, and an account has some dozens of
//! models.

use alloc::vec::Vec;

use merge_sync_logic::types::ModelId;

/// A value for each model id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ById<T>(Vec<(ModelId, T)>);

impl<T> Default for ById<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Default> ById<T> {
    /// Where the model is, or belongs.
    fn place(&self, model_id: &str) -> Result<usize, usize> {
        self.0
            .binary_search_by(|(known, _)| known.as_str().cmp(model_id))
    }

    /// The model of this id.
    #[must_use]
    pub fn get(&self, model_id: &str) -> Option<&T> {
        let place = self.place(model_id).ok()?;
        self.0.get(place).map(|(_, model)| model)
    }

    /// As [`ById::get`], to be changed.
    pub fn get_mut(&mut self, model_id: &str) -> Option<&mut T> {
        let place = self.place(model_id).ok()?;
        self.0.get_mut(place).map(|(_, model)| model)
    }

    /// Put a model in the place of the one of this id, if there is one.
    pub fn insert(&mut self, model_id: ModelId, model: T) {
        match self.place(&model_id) {
            Ok(place) => {
                if let Some((_, known)) = self.0.get_mut(place) {
                    *known = model;
                }
            }
            Err(place) => self.0.insert(place, (model_id, model)),
        }
    }

    /// Change the model of this id, a new one where nothing is known of it.
    pub fn change(&mut self, model_id: &str, change: impl FnOnce(&mut T)) {
        if self.place(model_id).is_err() {
            self.insert(model_id.into(), T::default());
        }
        if let Some(model) = self.get_mut(model_id) {
            change(model);
        }
    }

    /// Remove the models for which `keep` is false.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.0.retain(|(_, model)| keep(model));
    }

    /// Each with its id.
    pub fn iter(&self) -> impl Iterator<Item = (&ModelId, &T)> {
        self.0.iter().map(|(model_id, model)| (model_id, model))
    }

    /// As [`ById::iter`], to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&ModelId, &mut T)> {
        self.0
            .iter_mut()
            .map(|(model_id, model)| (&*model_id, model))
    }

    /// Each without its id.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, model)| model)
    }

    /// As [`ById::values`], to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|(_, model)| model)
    }
}

impl<T: Default> FromIterator<(ModelId, T)> for ById<T> {
    fn from_iter<I: IntoIterator<Item = (ModelId, T)>>(models: I) -> Self {
        let mut found = Self::default();
        for (model_id, model) in models {
            found.insert(model_id, model);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_in_the_order_of_their_ids_whatever_order_they_came_in() {
        let mut models = ById::default();
        for (number, model_id) in (1..).zip(["b", "c", "a", "b"]) {
            models.change(model_id, |known| *known = number);
        }
        let found = |models: &ById<u32>| -> Vec<_> {
            let each = models
                .iter()
                .map(|(model_id, known)| (model_id.clone(), *known));
            each.collect()
        };
        let want = [("a".into(), 3), ("b".into(), 4), ("c".into(), 2)];
        assert_eq!(found(&models), want);
        assert_eq!((models.get("b"), models.get("d")), (Some(&4), None));
        assert_eq!(models.get_mut(""), None);
        models.insert("c".into(), 7);
        models.retain(|known| *known != 4);
        assert_eq!(found(&models), [("a".into(), 3), ("c".into(), 7)]);
    }
}
