//! How a section of the configuration is declared: keys, types, defaults and their words at one
//! place, from which the loader, `config print` and the reference are made.

use super::layers::Layers;

/// What the reference says about one key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    pub kind: &'static str,
    /// As one would write it in the environment.
    pub default: &'static str,
    pub doc: &'static [&'static str],
}

/// What the reference says about one section.
#[derive(Debug, Clone, Copy)]
pub struct SectionDoc {
    pub name: &'static str,
    pub doc: &'static [&'static str],
    pub keys: &'static [Key],
}

pub trait Section: Sized {
    const DOC: SectionDoc;

    /// `None` when a value is bad; `layers` then knows which, and from where.
    fn load(layers: &mut Layers) -> Option<Self>;

    /// The values in the notation of the file, secrets left out.
    fn show(&self) -> Vec<String>;
}

macro_rules! section {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident in $section:literal {
            $($(#[doc = $key_doc:literal])* $key:ident: $kind:ty = $default:literal,)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            $($(#[doc = $key_doc])* pub $key: $kind,)*
        }

        impl $crate::config::section::Section for $name {
            const DOC: $crate::config::section::SectionDoc = $crate::config::section::SectionDoc {
                name: $section,
                doc: &[$($doc),*],
                keys: &[$($crate::config::section::Key {
                    name: stringify!($key),
                    kind: <$kind as $crate::config::value::ConfigValue>::KIND,
                    default: $default,
                    doc: &[$($key_doc),*],
                }),*],
            };

            fn load(layers: &mut $crate::config::layers::Layers) -> Option<Self> {
                // Every key is read before the first bad one ends it, so that all are told at once.
                $(let $key = layers.read::<$kind>($section, stringify!($key), $default);)*
                Some(Self { $($key: $key?,)* })
            }

            fn show(&self) -> Vec<String> {
                vec![$($crate::config::value::ConfigValue::show(&self.$key)),*]
            }
        }
    };
}
pub(crate) use section;
