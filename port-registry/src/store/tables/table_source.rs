//! Opening tables in read and write transactions alike.

use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, TableError, Value,
    WriteTransaction,
};

/// A transaction in which tables can be opened.
pub(crate) trait TableSource {
    type Table<K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>;

    fn open<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<Self::Table<K, V>, TableError>;
}

impl TableSource for ReadTransaction {
    type Table<K: Key + 'static, V: Value + 'static> = ReadOnlyTable<K, V>;

    fn open<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<ReadOnlyTable<K, V>, TableError> {
        self.open_table(definition)
    }
}

impl<'txn> TableSource for &'txn WriteTransaction {
    type Table<K: Key + 'static, V: Value + 'static> = Table<'txn, K, V>;

    fn open<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<Table<'txn, K, V>, TableError> {
        self.open_table(definition)
    }
}
