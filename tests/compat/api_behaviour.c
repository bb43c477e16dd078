/* What the calls of the public interface answer, printed; the same program runs on the stock library and on Perlite, and
   must print the same (api_behaviour.sh). Lines differ only where a release changed something: then the line is not here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite3.h"

static sqlite3* db;

static const char* text_or_null(const void* text) { return text == NULL ? "(null)" : (const char*)text; }

static void show(const char* what, int code) {
  printf("%s: %d/%d %s\n", what, code, sqlite3_extended_errcode(db), sqlite3_errmsg(db));
}

static sqlite3_stmt* prepare(const char* sql) {
  sqlite3_stmt* statement = NULL;
  int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
  if (code != SQLITE_OK) show(sql, code);
  return statement;
}

static int print_row(void* count, int columns, char** values, char** names) {
  int i;
  for (i = 0; i < columns; ++i) printf("  %s=%s", names[i], text_or_null(values[i]));
  printf("\n");
  return ++*(int*)count == 3;
}

static void test_strings(void) {
  sqlite3_str* text;
  char* made;
  char buffer[12];
  printf("-- strings\n");
  printf("%d %d %d\n", sqlite3_stricmp("abc", "ABC"), sqlite3_strnicmp("abcd", "ABCE", 3), sqlite3_stricmp("a", "b") < 0);
  printf("%d %d %d\n", sqlite3_strglob("a[b-d]*", "acx"), sqlite3_strglob("a[^b]", "ab") != 0, sqlite3_strlike("A\\%_", "a%z", '\\'));
  made = sqlite3_mprintf("%d|%5d|%-5d|%05d|%x|%X|%o|%c|%s|%.2s|%8.3f|%e|%g|%%", 42, 42, 42, 42, 255, 255, 8, 'c', "str", "cut",
                         3.14159, 12345.678, 0.0001);
  printf("%s\n", made);
  sqlite3_free(made);
  made = sqlite3_mprintf("%q|%Q|%w|%Q|%lld|%,d|%z", "it's", "it's", "a\"b", NULL, (sqlite3_int64)1 << 40, 1234567,
                         sqlite3_mprintf("inner"));
  printf("%s\n", made);
  sqlite3_free(made);
  printf("[%s]\n", sqlite3_snprintf((int)sizeof buffer, buffer, "%s", "longer than the buffer"));
  text = sqlite3_str_new(NULL);
  sqlite3_str_appendall(text, "abc");
  sqlite3_str_append(text, "defghi", 3);
  sqlite3_str_appendchar(text, 2, '!');
  sqlite3_str_appendf(text, "%d", 7);
  printf("%s %d %d\n", sqlite3_str_value(text), sqlite3_str_length(text), sqlite3_str_errcode(text));
  sqlite3_str_reset(text);
  printf("%d\n", sqlite3_str_length(text));
  sqlite3_free(sqlite3_str_finish(text));
  printf("%d %d %d\n", sqlite3_complete("SELECT 1;"), sqlite3_complete("SELECT 1"),
         sqlite3_complete("CREATE TRIGGER t BEGIN SELECT 1;"));
  printf("%d %d\n", sqlite3_keyword_check("SELECT", 6), sqlite3_keyword_check("nope", 4));
  printf("%s|%s|%s\n", sqlite3_errstr(SQLITE_BUSY), sqlite3_errstr(SQLITE_CONSTRAINT_UNIQUE), sqlite3_errstr(12345));
}

static void test_null_handles(void) {
  printf("-- null handles\n");
  printf("%d %d %d %d\n", sqlite3_finalize(NULL), sqlite3_reset(NULL), sqlite3_close(NULL), sqlite3_close_v2(NULL));
  printf("%d %d %d\n", sqlite3_column_count(NULL), sqlite3_data_count(NULL), sqlite3_bind_parameter_count(NULL));
  printf("%d %d %d\n", sqlite3_stmt_busy(NULL), sqlite3_stmt_readonly(NULL), sqlite3_errcode(NULL));
  printf("%s %s\n", text_or_null(sqlite3_sql(NULL)), sqlite3_errmsg(NULL));
  printf("%d %d\n", sqlite3_step(NULL), sqlite3_bind_int(NULL, 1, 1));
  printf("%d %d\n", sqlite3_blob_close(NULL), sqlite3_backup_finish(NULL));
}

static void test_exec(void) {
  char* error = NULL;
  int count = 0;
  int code;
  char** table = NULL;
  int rows = 0, columns = 0;
  printf("-- exec\n");
  code = sqlite3_exec(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL, d BLOB, e); INSERT INTO t VALUES(1,'one',1.5,x'01',NULL),"
                          "(2,'two',2.5,x'0203','x'); SELECT * FROM t; SELECT count(*) FROM t", print_row, &count, &error);
  show("exec", code);
  printf("error %s, changes %d %d, rowid %d\n", text_or_null(error), sqlite3_changes(db), sqlite3_total_changes(db),
         (int)sqlite3_last_insert_rowid(db));
  sqlite3_free(error);
  error = NULL;
  code = sqlite3_exec(db, "SELECT 1; SELEC 2; SELECT 3", NULL, NULL, &error);
  show("exec with an error", code);
  printf("error %s, offset %d\n", text_or_null(error), sqlite3_error_offset(db));
  sqlite3_free(error);
  printf("%d %d\n", sqlite3_exec(db, "", NULL, NULL, NULL), sqlite3_exec(db, " ; -- only a comment", NULL, NULL, NULL));
  code = sqlite3_get_table(db, "SELECT a, b FROM t", &table, &rows, &columns, NULL);
  printf("get_table %d: %d x %d: %s %s %s %s\n", code, rows, columns, table[0], table[1], table[2], table[5]);
  sqlite3_free_table(table);
  code = sqlite3_get_table(db, "SELECT a FROM t WHERE 0", &table, &rows, &columns, NULL);
  printf("get_table %d: %d x %d\n", code, rows, columns);
  sqlite3_free_table(table);
}

static void test_prepare(void) {
  sqlite3_stmt* statement = NULL;
  const char* tail = NULL;
  const char* sql = "SELECT a, b FROM t; SELECT 2";
  char* expanded;
  printf("-- prepare\n");
  printf("%d\n", sqlite3_prepare_v2(db, sql, -1, &statement, &tail));
  printf("tail [%s], sql [%s]\n", tail, sqlite3_sql(statement));
  printf("%d columns, read-only %d, busy %d, explain %d\n", sqlite3_column_count(statement), sqlite3_stmt_readonly(statement),
         sqlite3_stmt_busy(statement), sqlite3_stmt_isexplain(statement));
  printf("%s %s %s %s\n", sqlite3_column_name(statement, 0), text_or_null(sqlite3_column_decltype(statement, 0)),
         text_or_null(sqlite3_column_table_name(statement, 1)), text_or_null(sqlite3_column_origin_name(statement, 1)));
  printf("%s\n", text_or_null(sqlite3_column_name(statement, 5)));
  printf("data %d\n", sqlite3_data_count(statement));
  printf("step %d", sqlite3_step(statement));
  printf(", data %d, busy %d\n", sqlite3_data_count(statement), sqlite3_stmt_busy(statement));
  printf("reset %d", sqlite3_reset(statement));
  printf(", data %d, busy %d\n", sqlite3_data_count(statement), sqlite3_stmt_busy(statement));
  sqlite3_finalize(statement);
  statement = (sqlite3_stmt*)&tail;
  printf("%d", sqlite3_prepare_v2(db, "  -- nothing", -1, &statement, &tail));
  printf(" %d [%s]\n", statement == NULL, tail);
  statement = (sqlite3_stmt*)&tail;
  printf("%d", sqlite3_prepare_v2(db, "SELECT * FROM nope", -1, &statement, NULL));
  printf(" %d %s\n", statement == NULL, sqlite3_errmsg(db));
  printf("%d", sqlite3_prepare_v2(db, "SELECT 12345", 9, &statement, &tail));
  printf(" [%s]", tail);
  printf(" %d", sqlite3_step(statement));
  printf(" %d\n", sqlite3_column_int(statement, 0));
  sqlite3_finalize(statement);
  statement = prepare("SELECT ?1, :name, @at, $dollar, ?, ?7");
  printf("%d parameters: %s %s %s %s\n", sqlite3_bind_parameter_count(statement), text_or_null(sqlite3_bind_parameter_name(statement, 1)),
         text_or_null(sqlite3_bind_parameter_name(statement, 2)), text_or_null(sqlite3_bind_parameter_name(statement, 5)),
         text_or_null(sqlite3_bind_parameter_name(statement, 6)));
  printf("%d %d\n", sqlite3_bind_parameter_index(statement, ":name"), sqlite3_bind_parameter_index(statement, "name"));
  show("bind out of range", sqlite3_bind_int(statement, 8, 1));
  sqlite3_bind_int(statement, 1, -7);
  sqlite3_bind_text(statement, 2, "it's text", 4, SQLITE_TRANSIENT);
  sqlite3_bind_blob(statement, 3, "\1\2", 2, SQLITE_STATIC);
  sqlite3_bind_double(statement, 4, 2.5);
  sqlite3_bind_zeroblob(statement, 5, 3);
  expanded = sqlite3_expanded_sql(statement);
  printf("%s\n", text_or_null(expanded));
  sqlite3_free(expanded);
  printf("step %d\n", sqlite3_step(statement));
  printf("%d %s %d %.1f %d %d\n", sqlite3_column_int(statement, 0), sqlite3_column_text(statement, 1), sqlite3_column_bytes(statement, 2),
         sqlite3_column_double(statement, 3), sqlite3_column_bytes(statement, 4), sqlite3_column_type(statement, 5));
  show("bind while it runs", sqlite3_bind_int(statement, 1, 1));
  printf("step %d", sqlite3_step(statement));
  printf(" %d\n", sqlite3_reset(statement));
  sqlite3_clear_bindings(statement);
  sqlite3_step(statement);
  printf("cleared: %d\n", sqlite3_column_type(statement, 0));
  sqlite3_finalize(statement);
}

static void test_columns(void) {
  sqlite3_stmt* statement = prepare("SELECT 42, 'text', 2.5, x'6162', NULL, '12abc', '  7', x'', 9223372036854775807, 'nul' || char(0) || 'x'");
  int i;
  printf("-- columns\n");
  sqlite3_step(statement);
  for (i = -1; i <= 10; ++i) {
    /* The type first: conversions come later and may change it. */
    const int type = sqlite3_column_type(statement, i);
    const int number = sqlite3_column_int(statement, i);
    const sqlite3_int64 large = sqlite3_column_int64(statement, i);
    const double real = sqlite3_column_double(statement, i);
    const char* text = (const char*)sqlite3_column_text(statement, i);
    printf("%d: type %d, int %d, int64 %ld, double %g, text %s, ", i, type, number, (long)large, real, text_or_null(text));
    printf("bytes %d, ", sqlite3_column_bytes(statement, i));
    printf("bytes16 %d\n", sqlite3_column_bytes16(statement, i));
  }
  sqlite3_finalize(statement);
}

static void test_constraints(void) {
  sqlite3_stmt* statement;
  printf("-- constraints\n");
  show("create", sqlite3_exec(db, "CREATE TABLE k(a INTEGER PRIMARY KEY, b UNIQUE, c NOT NULL, d CHECK(d > 0))", NULL, NULL, NULL));
  show("insert", sqlite3_exec(db, "INSERT INTO k VALUES(1, 1, 1, 1)", NULL, NULL, NULL));
  show("primary key", sqlite3_exec(db, "INSERT INTO k VALUES(1, 2, 1, 1)", NULL, NULL, NULL));
  show("unique", sqlite3_exec(db, "INSERT INTO k VALUES(2, 1, 1, 1)", NULL, NULL, NULL));
  show("not null", sqlite3_exec(db, "INSERT INTO k VALUES(2, 2, NULL, 1)", NULL, NULL, NULL));
  show("check", sqlite3_exec(db, "INSERT INTO k VALUES(2, 2, 1, -1)", NULL, NULL, NULL));
  show("mismatch", sqlite3_exec(db, "INSERT INTO k VALUES('x', 2, 1, 1)", NULL, NULL, NULL));
  statement = prepare("INSERT INTO k VALUES(1, 5, 5, 5)");
  printf("step %d, ", sqlite3_step(statement));
  printf("reset %d, ", sqlite3_reset(statement));
  printf("extended %d\n", sqlite3_extended_errcode(db));
  sqlite3_extended_result_codes(db, 1);
  printf("step %d, ", sqlite3_step(statement));
  printf("errcode %d, ", sqlite3_errcode(db));
  printf("finalize %d\n", sqlite3_finalize(statement));
  sqlite3_extended_result_codes(db, 0);
  printf("changes %d\n", sqlite3_changes(db));
}

static void test_transactions(void) {
  sqlite3_stmt* statement;
  printf("-- transactions\n");
  printf("%d %d\n", sqlite3_get_autocommit(db), sqlite3_txn_state(db, NULL));
  sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
  printf("%d %d\n", sqlite3_get_autocommit(db), sqlite3_txn_state(db, "main"));
  sqlite3_exec(db, "INSERT INTO t(b) VALUES('in transaction')", NULL, NULL, NULL);
  printf("%d %d %d\n", sqlite3_get_autocommit(db), sqlite3_txn_state(db, "main"), sqlite3_txn_state(db, "nope"));
  show("begin again", sqlite3_exec(db, "BEGIN", NULL, NULL, NULL));
  show("rollback", sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL));
  show("commit of nothing", sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
  statement = prepare("SELECT * FROM t");
  sqlite3_step(statement);
  show("close with a statement", sqlite3_close(db));
  sqlite3_finalize(statement);
  show("savepoint", sqlite3_exec(db, "SAVEPOINT s; DELETE FROM t; ROLLBACK TO s; RELEASE s", NULL, NULL, NULL));
  printf("db name %s %s %s, read-only %d %d\n", text_or_null(sqlite3_db_name(db, 0)), text_or_null(sqlite3_db_name(db, 1)),
         text_or_null(sqlite3_db_name(db, 9)), sqlite3_db_readonly(db, "main"), sqlite3_db_readonly(db, "nope"));
  printf("limit %d", sqlite3_limit(db, SQLITE_LIMIT_COLUMN, -1));
  printf(" %d", sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 100));
  printf(" %d\n", sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 2000));
  printf("limit %d\n", sqlite3_limit(db, 99, 1));
}

static void scalar(sqlite3_context* context, int count, sqlite3_value** values) {
  int i;
  sqlite3_int64 sum = 0;
  for (i = 0; i < count; ++i) sum += sqlite3_value_int64(values[i]);
  if (sum == 13) {
    sqlite3_result_error(context, "unlucky", -1);
  } else if (sum == 14) {
    sqlite3_result_error_code(context, SQLITE_FULL);
  } else {
    sqlite3_result_int64(context, sum + *(int*)sqlite3_user_data(context));
  }
}

static void sum_step(sqlite3_context* context, int count, sqlite3_value** values) {
  int* total = sqlite3_aggregate_context(context, (int)sizeof *total);
  (void)count;
  *total += sqlite3_value_int(values[0]) * 2;
}
static void sum_final(sqlite3_context* context) {
  int* total = sqlite3_aggregate_context(context, 0);
  sqlite3_result_int(context, total == NULL ? -1 : *total);
}

static int reverse_order(void* user_data, int a_size, const void* a, int b_size, const void* b) {
  const int size = a_size < b_size ? a_size : b_size;
  const int order = memcmp(a, b, (size_t)size);
  (void)user_data;
  return order != 0 ? -order : b_size - a_size;
}

static int destroyed;
static void destroy(void* user_data) {
  (void)user_data;
  ++destroyed;
}

static void test_functions(void) {
  static int base = 100;
  int count = 0;
  printf("-- functions\n");
  /* Whether a registration that succeeds clears the error of an earlier call is nobody's business: codes only. */
  show("create", sqlite3_create_function_v2(db, "add_all", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, &base, scalar, NULL, NULL, destroy));
  show("call", sqlite3_exec(db, "SELECT add_all() AS a, add_all(1) AS b, add_all(1, '2', 3.9) AS c", print_row, &count, NULL));
  show("error", sqlite3_exec(db, "SELECT add_all(13)", NULL, NULL, NULL));
  show("error code", sqlite3_exec(db, "SELECT add_all(14)", NULL, NULL, NULL));
  printf("aggregate: %d\n", sqlite3_create_function(db, "twice", 1, SQLITE_UTF8, NULL, NULL, sum_step, sum_final));
  show("call", sqlite3_exec(db, "SELECT twice(a) AS t, (SELECT twice(a) FROM t WHERE 0) AS none FROM t", print_row, &count, NULL));
  show("wrong count", sqlite3_exec(db, "SELECT twice(1, 2)", NULL, NULL, NULL));
  printf("delete: %d\n", sqlite3_create_function_v2(db, "add_all", -1, SQLITE_UTF8, NULL, NULL, NULL, NULL, NULL));
  printf("destroyed %d\n", destroyed);
  show("gone", sqlite3_exec(db, "SELECT add_all(1)", NULL, NULL, NULL));
  printf("bad: %d\n", sqlite3_create_function(db, "bad", 1, SQLITE_UTF8, NULL, scalar, sum_step, sum_final));
  show("collation", sqlite3_create_collation(db, "backwards", SQLITE_UTF8, NULL, reverse_order));
  count = 0;
  show("order", sqlite3_exec(db, "SELECT b FROM t ORDER BY b COLLATE backwards", print_row, &count, NULL));
  show("no collation", sqlite3_exec(db, "SELECT b FROM t ORDER BY b COLLATE nope", print_row, &count, NULL));
}

static int ask(void* log, int action, const char* third, const char* fourth, const char* schema, const char* trigger) {
  (void)log;
  printf("  ask %d %s %s %s %s\n", action, text_or_null(third), text_or_null(fourth), text_or_null(schema), text_or_null(trigger));
  if (action == SQLITE_READ && fourth != NULL && strcmp(fourth, "c") == 0) return SQLITE_IGNORE;
  if (action == SQLITE_DELETE) return SQLITE_DENY;
  return SQLITE_OK;
}
static int on_commit(void* refuse) {
  printf("  commit\n");
  return *(int*)refuse;
}
static void on_rollback(void* user_data) {
  (void)user_data;
  printf("  rollback\n");
}
static void on_update(void* user_data, int operation, const char* schema, const char* table, sqlite3_int64 rowid) {
  (void)user_data;
  printf("  update %d %s %s %d\n", operation, schema, table, (int)rowid);
}
static int on_trace(unsigned event, void* context, void* subject, void* detail) {
  (void)context;
  if (event == SQLITE_TRACE_STMT) printf("  trace %s\n", (const char*)detail);
  if (event == SQLITE_TRACE_ROW) printf("  row of %s\n", sqlite3_sql(subject));
  return 0;
}

static void test_hooks(void) {
  static int refuse;
  int count = 0;
  printf("-- hooks\n");
  sqlite3_set_authorizer(db, ask, NULL);
  show("read", sqlite3_exec(db, "SELECT b, c FROM t WHERE a = 1", print_row, &count, NULL));
  show("delete", sqlite3_exec(db, "DELETE FROM t", NULL, NULL, NULL));
  sqlite3_set_authorizer(db, NULL, NULL);
  sqlite3_commit_hook(db, on_commit, &refuse);
  sqlite3_rollback_hook(db, on_rollback, NULL);
  sqlite3_update_hook(db, on_update, NULL);
  show("insert", sqlite3_exec(db, "INSERT INTO t(a, b) VALUES(10, 'ten')", NULL, NULL, NULL));
  show("update", sqlite3_exec(db, "UPDATE t SET b = 'TEN' WHERE a = 10", NULL, NULL, NULL));
  refuse = 1;
  show("refused", sqlite3_exec(db, "DELETE FROM t WHERE a = 10", NULL, NULL, NULL));
  refuse = 0;
  show("delete", sqlite3_exec(db, "DELETE FROM t WHERE a = 10", NULL, NULL, NULL));
  sqlite3_commit_hook(db, NULL, NULL);
  sqlite3_rollback_hook(db, NULL, NULL);
  sqlite3_update_hook(db, NULL, NULL);
  sqlite3_trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_ROW, on_trace, NULL);
  show("traced", sqlite3_exec(db, "SELECT a FROM t WHERE a = 1", NULL, NULL, NULL));
  sqlite3_trace_v2(db, 0, NULL, NULL);
}

static void test_metadata(void) {
  const char *type = NULL, *collation = NULL;
  int not_null = -1, primary_key = -1, autoincrement = -1;
  printf("-- metadata\n");
  printf("%d", sqlite3_table_column_metadata(db, NULL, "t", "b", &type, &collation, &not_null, &primary_key, &autoincrement));
  printf(" %s %s %d %d %d\n", text_or_null(type), text_or_null(collation), not_null, primary_key, autoincrement);
  printf("%d", sqlite3_table_column_metadata(db, "main", "t", "rowid", &type, &collation, &not_null, &primary_key, &autoincrement));
  printf(" %s %s %d %d %d\n", text_or_null(type), text_or_null(collation), not_null, primary_key, autoincrement);
  show("no column", sqlite3_table_column_metadata(db, NULL, "t", "nope", NULL, NULL, NULL, NULL, NULL));
  show("no table", sqlite3_table_column_metadata(db, NULL, "nope", NULL, NULL, NULL, NULL, NULL, NULL));
  printf("%d\n", sqlite3_table_column_metadata(db, NULL, "t", NULL, NULL, NULL, NULL, NULL, NULL));
}

static void test_open(void) {
  sqlite3* other = NULL;
  int code;
  printf("-- open\n");
  code = sqlite3_open_v2("/nonexistent/folder/file.db", &other, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
  printf("%d %d %s\n", code, other != NULL, sqlite3_errmsg(other));
  sqlite3_close(other);
  code = sqlite3_open_v2(":memory:", &other, SQLITE_OPEN_READWRITE, "no such vfs");
  printf("%d %s\n", code, sqlite3_errmsg(other));
  sqlite3_close(other);
  code = sqlite3_open_v2(":memory:", &other, 0, NULL);
  printf("%d\n", code);
  code = sqlite3_open_v2("file::memory:?cache=private", &other, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL);
  printf("%d [%s]\n", code, text_or_null(sqlite3_db_filename(other, "main")));
  sqlite3_close(other);
  code = sqlite3_open_v2("file:x?mode=bogus", &other, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL);
  printf("%d %s\n", code, sqlite3_errmsg(other));
  sqlite3_close(other);
}

/* The code of the last call is that of closing the handle, unless its row is gone. */
static void test_blobs(void) {
  sqlite3_blob* blob = NULL;
  char bytes[32] = {0};
  printf("-- blobs\n");
  sqlite3_exec(db, "CREATE TABLE bl(a INTEGER PRIMARY KEY, x); INSERT INTO bl VALUES(1,zeroblob(10)),(3,3)", NULL, NULL, NULL);
  sqlite3_blob_open(db, "main", "bl", "x", 1, 0, &blob);
  show("write, read only", sqlite3_blob_write(blob, bytes, 2, 0));
  show("read", sqlite3_blob_read(blob, bytes, 2, 0));
  show("read outside", sqlite3_blob_read(blob, bytes, 20, 0));
  show("write, read only", sqlite3_blob_write(blob, bytes, 2, 0));
  show("close", sqlite3_blob_close(blob));
  sqlite3_blob_open(db, "main", "bl", "x", 1, 1, &blob);
  show("reopen on an integer", sqlite3_blob_reopen(blob, 3));
  printf("%d\n", sqlite3_blob_bytes(blob));
  show("read", sqlite3_blob_read(blob, bytes, 2, 0));
  show("reopen", sqlite3_blob_reopen(blob, 1));
  show("close", sqlite3_blob_close(blob));
  sqlite3_blob_open(db, "main", "bl", "x", 1, 1, &blob);
  sqlite3_exec(db, "UPDATE bl SET x=5 WHERE a=1", NULL, NULL, NULL);
  show("write to a changed row", sqlite3_blob_write(blob, bytes, 2, 0));
  show("close", sqlite3_blob_close(blob));
}

static int backwards(void* context, int size_a, const void* a, int size_b, const void* b) {
  int order = memcmp(a, b, (size_t)(size_a < size_b ? size_a : size_b));
  (void)context;
  return order != 0 ? -order : size_b - size_a;
}

static int count_trace(unsigned kind, void* count, void* statement, void* text) {
  (void)kind, (void)statement, (void)text;
  ++*(int*)count;
  return 0;
}

/* A statement that must be compiled again, and cannot be. */
static void test_compiling_again(void) {
  sqlite3_stmt* statement;
  printf("-- compiling again\n");
  sqlite3_create_collation(db, "backwards", SQLITE_UTF8, NULL, backwards);
  statement = prepare("SELECT 'a' AS x UNION ALL SELECT 'b' ORDER BY x COLLATE backwards");
  printf("%d\n", sqlite3_step(statement));
  sqlite3_reset(statement);
  sqlite3_create_collation(db, "backwards", SQLITE_UTF8, NULL, NULL);
  show("step", sqlite3_step(statement));
  show("reset", sqlite3_reset(statement));
  show("reset", sqlite3_reset(statement));
  sqlite3_finalize(statement);
}

static void test_files(void) {
  sqlite3* main_db = db;
  sqlite3* other = NULL;
  sqlite3_stmt* statement;
  int traced = 0;
  printf("-- files\n");
  db = NULL;
  printf("%d", sqlite3_open("/", &db));
  printf("/%d %s\n", sqlite3_extended_errcode(db), sqlite3_errmsg(db));
  sqlite3_close(db);
  remove("api_behaviour.db");
  sqlite3_open("api_behaviour.db", &db);
  sqlite3_open("api_behaviour.db", &other);
  sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL);
  statement = prepare("INSERT INTO t VALUES(1)");
  sqlite3_trace_v2(db, SQLITE_TRACE_STMT, count_trace, &traced);
  sqlite3_exec(other, "CREATE TABLE u(x)", NULL, NULL, NULL);
  printf("step after the schema moved: %d\n", sqlite3_step(statement));
  printf("traced %d, compiled again %d\n", traced, sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_REPREPARE, 0));
  sqlite3_finalize(statement);
  printf("close %d %d\n", sqlite3_close(other), sqlite3_close(db));
  remove("api_behaviour.db");
  db = main_db;
}

int main(void) {
  setbuf(stdout, NULL);
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) return 1;
  test_strings();
  test_null_handles();
  test_exec();
  test_prepare();
  test_columns();
  test_constraints();
  test_transactions();
  test_functions();
  test_hooks();
  test_metadata();
  test_open();
  test_blobs();
  test_compiling_again();
  test_files();
  printf("close %d\n", sqlite3_close(db));
  printf("shutdown %d\n", sqlite3_shutdown());
  return 0;
}
