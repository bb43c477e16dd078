/*
** The public interface of Perlite, source and binary compatible with SQLite's (manual: c3ref/intro.html).
**
** Everything an application or an extension needs is declared here: types, constants, the layouts of structures that
** cross the boundary, and every exported function. Names, numbers and layouts are those of the SQLite manual; what each
** call does is described there, and docs/compatibility.md says which calls do not work yet. C89 and C++.
*/
#ifndef SQLITE3_H
#define SQLITE3_H

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How declarations are marked; each may be defined before this header is included. */
#ifndef SQLITE_EXTERN
#define SQLITE_EXTERN extern
#endif
#ifndef SQLITE_API
#define SQLITE_API
#endif
#ifndef SQLITE_CDECL
#define SQLITE_CDECL
#endif
#ifndef SQLITE_APICALL
#define SQLITE_APICALL
#endif
#ifndef SQLITE_STDCALL
#define SQLITE_STDCALL SQLITE_APICALL
#endif
#ifndef SQLITE_CALLBACK
#define SQLITE_CALLBACK
#endif
#ifndef SQLITE_SYSAPI
#define SQLITE_SYSAPI
#endif
#define SQLITE_DEPRECATED
#define SQLITE_EXPERIMENTAL

/* The SQLite release whose interface this is. */
#define SQLITE_VERSION "3.54.0"
#define SQLITE_VERSION_NUMBER 3054000
#define SQLITE_SOURCE_ID "2026-11-22 00:00:00 perlite-3.54.0"

/* ---- Types ---- */

#ifdef SQLITE_INT64_TYPE
typedef SQLITE_INT64_TYPE sqlite_int64;
#ifdef SQLITE_UINT64_TYPE
typedef SQLITE_UINT64_TYPE sqlite_uint64;
#else
typedef unsigned SQLITE_INT64_TYPE sqlite_uint64;
#endif
#elif defined(_MSC_VER)
typedef __int64 sqlite_int64;
typedef unsigned __int64 sqlite_uint64;
#elif defined(__GNUC__)
__extension__ typedef long long int sqlite_int64;
__extension__ typedef unsigned long long int sqlite_uint64;
#else
typedef long long int sqlite_int64;
typedef unsigned long long int sqlite_uint64;
#endif
typedef sqlite_int64 sqlite3_int64;
typedef sqlite_uint64 sqlite3_uint64;

/* Opaque handles. */
typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
typedef struct sqlite3_value sqlite3_value;
typedef struct sqlite3_context sqlite3_context;
typedef struct sqlite3_blob sqlite3_blob;
typedef struct sqlite3_backup sqlite3_backup;
typedef struct sqlite3_mutex sqlite3_mutex;
typedef struct sqlite3_str sqlite3_str;
typedef struct sqlite3_pcache sqlite3_pcache;
typedef struct sqlite3_session sqlite3_session;
typedef struct sqlite3_changeset_iter sqlite3_changeset_iter;
typedef struct sqlite3_changegroup sqlite3_changegroup;
typedef struct sqlite3_rebaser sqlite3_rebaser;
typedef struct sqlite3_api_routines sqlite3_api_routines;

/* Structures whose layout is part of the interface; see below. */
typedef struct sqlite3_file sqlite3_file;
typedef struct sqlite3_io_methods sqlite3_io_methods;
typedef struct sqlite3_vfs sqlite3_vfs;
typedef struct sqlite3_mem_methods sqlite3_mem_methods;
typedef struct sqlite3_mutex_methods sqlite3_mutex_methods;
typedef struct sqlite3_pcache_page sqlite3_pcache_page;
typedef struct sqlite3_pcache_methods sqlite3_pcache_methods;
typedef struct sqlite3_pcache_methods2 sqlite3_pcache_methods2;
typedef struct sqlite3_module sqlite3_module;
typedef struct sqlite3_vtab sqlite3_vtab;
typedef struct sqlite3_vtab_cursor sqlite3_vtab_cursor;
typedef struct sqlite3_index_info sqlite3_index_info;
typedef struct sqlite3_rtree_geometry sqlite3_rtree_geometry;
typedef struct sqlite3_rtree_query_info sqlite3_rtree_query_info;
typedef struct Fts5ExtensionApi Fts5ExtensionApi;
typedef struct Fts5Context Fts5Context;
typedef struct Fts5PhraseIter Fts5PhraseIter;
typedef struct Fts5Tokenizer Fts5Tokenizer;
typedef struct fts5_tokenizer fts5_tokenizer;
typedef struct fts5_tokenizer_v2 fts5_tokenizer_v2;
typedef struct fts5_api fts5_api;

/* A WAL read point: 48 opaque bytes. */
typedef struct sqlite3_snapshot {
  unsigned char hidden[48];
} sqlite3_snapshot;

/* A database name as a VFS gets it: URI parameters and the names of journal and log hang behind it. */
typedef const char* sqlite3_filename;
/* The row callback of sqlite3_exec. */
typedef int (*sqlite3_callback)(void*, int, char**, char**);
typedef void (*sqlite3_syscall_ptr)(void);
typedef void (*sqlite3_destructor_type)(void*);
#ifdef SQLITE_RTREE_INT_ONLY
typedef sqlite3_int64 sqlite3_rtree_dbl;
#else
typedef double sqlite3_rtree_dbl;
#endif

/* Who frees the bytes handed over: nobody (they stay valid), or the library copies them now. */
#define SQLITE_STATIC ((sqlite3_destructor_type)0)
#define SQLITE_TRANSIENT ((sqlite3_destructor_type)-1)

/* ---- Constants ---- */

/* Result codes. */
#define SQLITE_OK 0
#define SQLITE_ERROR 1
#define SQLITE_INTERNAL 2
#define SQLITE_PERM 3
#define SQLITE_ABORT 4
#define SQLITE_BUSY 5
#define SQLITE_LOCKED 6
#define SQLITE_NOMEM 7
#define SQLITE_READONLY 8
#define SQLITE_INTERRUPT 9
#define SQLITE_IOERR 10
#define SQLITE_CORRUPT 11
#define SQLITE_NOTFOUND 12
#define SQLITE_FULL 13
#define SQLITE_CANTOPEN 14
#define SQLITE_PROTOCOL 15
#define SQLITE_EMPTY 16
#define SQLITE_SCHEMA 17
#define SQLITE_TOOBIG 18
#define SQLITE_CONSTRAINT 19
#define SQLITE_MISMATCH 20
#define SQLITE_MISUSE 21
#define SQLITE_NOLFS 22
#define SQLITE_AUTH 23
#define SQLITE_FORMAT 24
#define SQLITE_RANGE 25
#define SQLITE_NOTADB 26
#define SQLITE_NOTICE 27
#define SQLITE_WARNING 28
#define SQLITE_ROW 100
#define SQLITE_DONE 101

/* Extended result codes: the low byte is the primary code. */
#define SQLITE_ERROR_MISSING_COLLSEQ (SQLITE_ERROR | (1 << 8))
#define SQLITE_ERROR_RETRY (SQLITE_ERROR | (2 << 8))
#define SQLITE_ERROR_SNAPSHOT (SQLITE_ERROR | (3 << 8))
#define SQLITE_ERROR_RESERVESIZE (SQLITE_ERROR | (4 << 8))
#define SQLITE_ERROR_KEY (SQLITE_ERROR | (5 << 8))
#define SQLITE_ERROR_UNABLE (SQLITE_ERROR | (6 << 8))
#define SQLITE_IOERR_READ (SQLITE_IOERR | (1 << 8))
#define SQLITE_IOERR_SHORT_READ (SQLITE_IOERR | (2 << 8))
#define SQLITE_IOERR_WRITE (SQLITE_IOERR | (3 << 8))
#define SQLITE_IOERR_FSYNC (SQLITE_IOERR | (4 << 8))
#define SQLITE_IOERR_DIR_FSYNC (SQLITE_IOERR | (5 << 8))
#define SQLITE_IOERR_TRUNCATE (SQLITE_IOERR | (6 << 8))
#define SQLITE_IOERR_FSTAT (SQLITE_IOERR | (7 << 8))
#define SQLITE_IOERR_UNLOCK (SQLITE_IOERR | (8 << 8))
#define SQLITE_IOERR_RDLOCK (SQLITE_IOERR | (9 << 8))
#define SQLITE_IOERR_DELETE (SQLITE_IOERR | (10 << 8))
#define SQLITE_IOERR_BLOCKED (SQLITE_IOERR | (11 << 8))
#define SQLITE_IOERR_NOMEM (SQLITE_IOERR | (12 << 8))
#define SQLITE_IOERR_ACCESS (SQLITE_IOERR | (13 << 8))
#define SQLITE_IOERR_CHECKRESERVEDLOCK (SQLITE_IOERR | (14 << 8))
#define SQLITE_IOERR_LOCK (SQLITE_IOERR | (15 << 8))
#define SQLITE_IOERR_CLOSE (SQLITE_IOERR | (16 << 8))
#define SQLITE_IOERR_DIR_CLOSE (SQLITE_IOERR | (17 << 8))
#define SQLITE_IOERR_SHMOPEN (SQLITE_IOERR | (18 << 8))
#define SQLITE_IOERR_SHMSIZE (SQLITE_IOERR | (19 << 8))
#define SQLITE_IOERR_SHMLOCK (SQLITE_IOERR | (20 << 8))
#define SQLITE_IOERR_SHMMAP (SQLITE_IOERR | (21 << 8))
#define SQLITE_IOERR_SEEK (SQLITE_IOERR | (22 << 8))
#define SQLITE_IOERR_DELETE_NOENT (SQLITE_IOERR | (23 << 8))
#define SQLITE_IOERR_MMAP (SQLITE_IOERR | (24 << 8))
#define SQLITE_IOERR_GETTEMPPATH (SQLITE_IOERR | (25 << 8))
#define SQLITE_IOERR_CONVPATH (SQLITE_IOERR | (26 << 8))
#define SQLITE_IOERR_VNODE (SQLITE_IOERR | (27 << 8))
#define SQLITE_IOERR_AUTH (SQLITE_IOERR | (28 << 8))
#define SQLITE_IOERR_BEGIN_ATOMIC (SQLITE_IOERR | (29 << 8))
#define SQLITE_IOERR_COMMIT_ATOMIC (SQLITE_IOERR | (30 << 8))
#define SQLITE_IOERR_ROLLBACK_ATOMIC (SQLITE_IOERR | (31 << 8))
#define SQLITE_IOERR_DATA (SQLITE_IOERR | (32 << 8))
#define SQLITE_IOERR_CORRUPTFS (SQLITE_IOERR | (33 << 8))
#define SQLITE_IOERR_IN_PAGE (SQLITE_IOERR | (34 << 8))
#define SQLITE_IOERR_BADKEY (SQLITE_IOERR | (35 << 8))
#define SQLITE_IOERR_CODEC (SQLITE_IOERR | (36 << 8))
#define SQLITE_LOCKED_SHAREDCACHE (SQLITE_LOCKED | (1 << 8))
#define SQLITE_LOCKED_VTAB (SQLITE_LOCKED | (2 << 8))
#define SQLITE_BUSY_RECOVERY (SQLITE_BUSY | (1 << 8))
#define SQLITE_BUSY_SNAPSHOT (SQLITE_BUSY | (2 << 8))
#define SQLITE_BUSY_TIMEOUT (SQLITE_BUSY | (3 << 8))
#define SQLITE_CANTOPEN_NOTEMPDIR (SQLITE_CANTOPEN | (1 << 8))
#define SQLITE_CANTOPEN_ISDIR (SQLITE_CANTOPEN | (2 << 8))
#define SQLITE_CANTOPEN_FULLPATH (SQLITE_CANTOPEN | (3 << 8))
#define SQLITE_CANTOPEN_CONVPATH (SQLITE_CANTOPEN | (4 << 8))
#define SQLITE_CANTOPEN_DIRTYWAL (SQLITE_CANTOPEN | (5 << 8))
#define SQLITE_CANTOPEN_SYMLINK (SQLITE_CANTOPEN | (6 << 8))
#define SQLITE_CORRUPT_VTAB (SQLITE_CORRUPT | (1 << 8))
#define SQLITE_CORRUPT_SEQUENCE (SQLITE_CORRUPT | (2 << 8))
#define SQLITE_CORRUPT_INDEX (SQLITE_CORRUPT | (3 << 8))
#define SQLITE_READONLY_RECOVERY (SQLITE_READONLY | (1 << 8))
#define SQLITE_READONLY_CANTLOCK (SQLITE_READONLY | (2 << 8))
#define SQLITE_READONLY_ROLLBACK (SQLITE_READONLY | (3 << 8))
#define SQLITE_READONLY_DBMOVED (SQLITE_READONLY | (4 << 8))
#define SQLITE_READONLY_CANTINIT (SQLITE_READONLY | (5 << 8))
#define SQLITE_READONLY_DIRECTORY (SQLITE_READONLY | (6 << 8))
#define SQLITE_ABORT_ROLLBACK (SQLITE_ABORT | (2 << 8))
#define SQLITE_CONSTRAINT_CHECK (SQLITE_CONSTRAINT | (1 << 8))
#define SQLITE_CONSTRAINT_COMMITHOOK (SQLITE_CONSTRAINT | (2 << 8))
#define SQLITE_CONSTRAINT_FOREIGNKEY (SQLITE_CONSTRAINT | (3 << 8))
#define SQLITE_CONSTRAINT_FUNCTION (SQLITE_CONSTRAINT | (4 << 8))
#define SQLITE_CONSTRAINT_NOTNULL (SQLITE_CONSTRAINT | (5 << 8))
#define SQLITE_CONSTRAINT_PRIMARYKEY (SQLITE_CONSTRAINT | (6 << 8))
#define SQLITE_CONSTRAINT_TRIGGER (SQLITE_CONSTRAINT | (7 << 8))
#define SQLITE_CONSTRAINT_UNIQUE (SQLITE_CONSTRAINT | (8 << 8))
#define SQLITE_CONSTRAINT_VTAB (SQLITE_CONSTRAINT | (9 << 8))
#define SQLITE_CONSTRAINT_ROWID (SQLITE_CONSTRAINT | (10 << 8))
#define SQLITE_CONSTRAINT_PINNED (SQLITE_CONSTRAINT | (11 << 8))
#define SQLITE_CONSTRAINT_DATATYPE (SQLITE_CONSTRAINT | (12 << 8))
#define SQLITE_NOTICE_RECOVER_WAL (SQLITE_NOTICE | (1 << 8))
#define SQLITE_NOTICE_RECOVER_ROLLBACK (SQLITE_NOTICE | (2 << 8))
#define SQLITE_NOTICE_RBU (SQLITE_NOTICE | (3 << 8))
#define SQLITE_WARNING_AUTOINDEX (SQLITE_WARNING | (1 << 8))
#define SQLITE_AUTH_USER (SQLITE_AUTH | (1 << 8))
#define SQLITE_OK_LOAD_PERMANENTLY (SQLITE_OK | (1 << 8))
#define SQLITE_OK_SYMLINK (SQLITE_OK | (2 << 8))

/* Flags of sqlite3_open_v2 and of xOpen. */
#define SQLITE_OPEN_READONLY 0x1
#define SQLITE_OPEN_READWRITE 0x2
#define SQLITE_OPEN_CREATE 0x4
#define SQLITE_OPEN_DELETEONCLOSE 0x8
#define SQLITE_OPEN_EXCLUSIVE 0x10
#define SQLITE_OPEN_AUTOPROXY 0x20
#define SQLITE_OPEN_URI 0x40
#define SQLITE_OPEN_MEMORY 0x80
#define SQLITE_OPEN_MAIN_DB 0x100
#define SQLITE_OPEN_TEMP_DB 0x200
#define SQLITE_OPEN_TRANSIENT_DB 0x400
#define SQLITE_OPEN_MAIN_JOURNAL 0x800
#define SQLITE_OPEN_TEMP_JOURNAL 0x1000
#define SQLITE_OPEN_SUBJOURNAL 0x2000
#define SQLITE_OPEN_SUPER_JOURNAL 0x4000
#define SQLITE_OPEN_NOMUTEX 0x8000
#define SQLITE_OPEN_FULLMUTEX 0x10000
#define SQLITE_OPEN_SHAREDCACHE 0x20000
#define SQLITE_OPEN_PRIVATECACHE 0x40000
#define SQLITE_OPEN_WAL 0x80000
#define SQLITE_OPEN_NOFOLLOW 0x1000000
#define SQLITE_OPEN_EXRESCODE 0x2000000
#define SQLITE_OPEN_MASTER_JOURNAL 0x4000

/* What a file promises (xDeviceCharacteristics). */
#define SQLITE_IOCAP_ATOMIC 0x1
#define SQLITE_IOCAP_ATOMIC512 0x2
#define SQLITE_IOCAP_ATOMIC1K 0x4
#define SQLITE_IOCAP_ATOMIC2K 0x8
#define SQLITE_IOCAP_ATOMIC4K 0x10
#define SQLITE_IOCAP_ATOMIC8K 0x20
#define SQLITE_IOCAP_ATOMIC16K 0x40
#define SQLITE_IOCAP_ATOMIC32K 0x80
#define SQLITE_IOCAP_ATOMIC64K 0x100
#define SQLITE_IOCAP_SAFE_APPEND 0x200
#define SQLITE_IOCAP_SEQUENTIAL 0x400
#define SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN 0x800
#define SQLITE_IOCAP_POWERSAFE_OVERWRITE 0x1000
#define SQLITE_IOCAP_IMMUTABLE 0x2000
#define SQLITE_IOCAP_BATCH_ATOMIC 0x4000
#define SQLITE_IOCAP_SUBPAGE_READ 0x8000

/* Levels of xLock. */
#define SQLITE_LOCK_NONE 0
#define SQLITE_LOCK_SHARED 1
#define SQLITE_LOCK_RESERVED 2
#define SQLITE_LOCK_PENDING 3
#define SQLITE_LOCK_EXCLUSIVE 4

/* Flags of xSync. */
#define SQLITE_SYNC_NORMAL 0x2
#define SQLITE_SYNC_FULL 0x3
#define SQLITE_SYNC_DATAONLY 0x10

/* Questions of xAccess. */
#define SQLITE_ACCESS_EXISTS 0
#define SQLITE_ACCESS_READWRITE 1
#define SQLITE_ACCESS_READ 2

/* Flags of xShmLock, and how many locks there are. */
#define SQLITE_SHM_UNLOCK 1
#define SQLITE_SHM_LOCK 2
#define SQLITE_SHM_SHARED 4
#define SQLITE_SHM_EXCLUSIVE 8
#define SQLITE_SHM_NLOCK 8

/* Operations of sqlite3_file_control and xFileControl. */
#define SQLITE_FCNTL_LOCKSTATE 1
#define SQLITE_FCNTL_GET_LOCKPROXYFILE 2
#define SQLITE_FCNTL_SET_LOCKPROXYFILE 3
#define SQLITE_FCNTL_LAST_ERRNO 4
#define SQLITE_FCNTL_SIZE_HINT 5
#define SQLITE_FCNTL_CHUNK_SIZE 6
#define SQLITE_FCNTL_FILE_POINTER 7
#define SQLITE_FCNTL_SYNC_OMITTED 8
#define SQLITE_FCNTL_WIN32_AV_RETRY 9
#define SQLITE_FCNTL_PERSIST_WAL 10
#define SQLITE_FCNTL_OVERWRITE 11
#define SQLITE_FCNTL_VFSNAME 12
#define SQLITE_FCNTL_POWERSAFE_OVERWRITE 13
#define SQLITE_FCNTL_PRAGMA 14
#define SQLITE_FCNTL_BUSYHANDLER 15
#define SQLITE_FCNTL_TEMPFILENAME 16
#define SQLITE_FCNTL_MMAP_SIZE 18
#define SQLITE_FCNTL_TRACE 19
#define SQLITE_FCNTL_HAS_MOVED 20
#define SQLITE_FCNTL_SYNC 21
#define SQLITE_FCNTL_COMMIT_PHASETWO 22
#define SQLITE_FCNTL_WIN32_SET_HANDLE 23
#define SQLITE_FCNTL_WAL_BLOCK 24
#define SQLITE_FCNTL_ZIPVFS 25
#define SQLITE_FCNTL_RBU 26
#define SQLITE_FCNTL_VFS_POINTER 27
#define SQLITE_FCNTL_JOURNAL_POINTER 28
#define SQLITE_FCNTL_WIN32_GET_HANDLE 29
#define SQLITE_FCNTL_PDB 30
#define SQLITE_FCNTL_BEGIN_ATOMIC_WRITE 31
#define SQLITE_FCNTL_COMMIT_ATOMIC_WRITE 32
#define SQLITE_FCNTL_ROLLBACK_ATOMIC_WRITE 33
#define SQLITE_FCNTL_LOCK_TIMEOUT 34
#define SQLITE_FCNTL_DATA_VERSION 35
#define SQLITE_FCNTL_SIZE_LIMIT 36
#define SQLITE_FCNTL_CKPT_DONE 37
#define SQLITE_FCNTL_RESERVE_BYTES 38
#define SQLITE_FCNTL_CKPT_START 39
#define SQLITE_FCNTL_EXTERNAL_READER 40
#define SQLITE_FCNTL_CKSM_FILE 41
#define SQLITE_FCNTL_RESET_CACHE 42
#define SQLITE_FCNTL_NULL_IO 43
#define SQLITE_FCNTL_BLOCK_ON_CONNECT 44
#define SQLITE_FCNTL_FILESTAT 45
#define SQLITE_GET_LOCKPROXYFILE SQLITE_FCNTL_GET_LOCKPROXYFILE
#define SQLITE_SET_LOCKPROXYFILE SQLITE_FCNTL_SET_LOCKPROXYFILE
#define SQLITE_LAST_ERRNO SQLITE_FCNTL_LAST_ERRNO

/* Operations of sqlite3_config. */
#define SQLITE_CONFIG_SINGLETHREAD 1
#define SQLITE_CONFIG_MULTITHREAD 2
#define SQLITE_CONFIG_SERIALIZED 3
#define SQLITE_CONFIG_MALLOC 4
#define SQLITE_CONFIG_GETMALLOC 5
#define SQLITE_CONFIG_SCRATCH 6
#define SQLITE_CONFIG_PAGECACHE 7
#define SQLITE_CONFIG_HEAP 8
#define SQLITE_CONFIG_MEMSTATUS 9
#define SQLITE_CONFIG_MUTEX 10
#define SQLITE_CONFIG_GETMUTEX 11
#define SQLITE_CONFIG_LOOKASIDE 13
#define SQLITE_CONFIG_PCACHE 14
#define SQLITE_CONFIG_GETPCACHE 15
#define SQLITE_CONFIG_LOG 16
#define SQLITE_CONFIG_URI 17
#define SQLITE_CONFIG_PCACHE2 18
#define SQLITE_CONFIG_GETPCACHE2 19
#define SQLITE_CONFIG_COVERING_INDEX_SCAN 20
#define SQLITE_CONFIG_SQLLOG 21
#define SQLITE_CONFIG_MMAP_SIZE 22
#define SQLITE_CONFIG_WIN32_HEAPSIZE 23
#define SQLITE_CONFIG_PCACHE_HDRSZ 24
#define SQLITE_CONFIG_PMASZ 25
#define SQLITE_CONFIG_STMTJRNL_SPILL 26
#define SQLITE_CONFIG_SMALL_MALLOC 27
#define SQLITE_CONFIG_SORTERREF_SIZE 28
#define SQLITE_CONFIG_MEMDB_MAXSIZE 29
#define SQLITE_CONFIG_ROWID_IN_VIEW 30

/* Operations of sqlite3_db_config. */
#define SQLITE_DBCONFIG_MAINDBNAME 1000
#define SQLITE_DBCONFIG_LOOKASIDE 1001
#define SQLITE_DBCONFIG_ENABLE_FKEY 1002
#define SQLITE_DBCONFIG_ENABLE_TRIGGER 1003
#define SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER 1004
#define SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION 1005
#define SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE 1006
#define SQLITE_DBCONFIG_ENABLE_QPSG 1007
#define SQLITE_DBCONFIG_TRIGGER_EQP 1008
#define SQLITE_DBCONFIG_RESET_DATABASE 1009
#define SQLITE_DBCONFIG_DEFENSIVE 1010
#define SQLITE_DBCONFIG_WRITABLE_SCHEMA 1011
#define SQLITE_DBCONFIG_LEGACY_ALTER_TABLE 1012
#define SQLITE_DBCONFIG_DQS_DML 1013
#define SQLITE_DBCONFIG_DQS_DDL 1014
#define SQLITE_DBCONFIG_ENABLE_VIEW 1015
#define SQLITE_DBCONFIG_LEGACY_FILE_FORMAT 1016
#define SQLITE_DBCONFIG_TRUSTED_SCHEMA 1017
#define SQLITE_DBCONFIG_STMT_SCANSTATUS 1018
#define SQLITE_DBCONFIG_REVERSE_SCANORDER 1019
#define SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE 1020
#define SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE 1021
#define SQLITE_DBCONFIG_ENABLE_COMMENTS 1022
#define SQLITE_DBCONFIG_FP_DIGITS 1023
#define SQLITE_DBCONFIG_MAX 1023

/* Limits of sqlite3_limit. */
#define SQLITE_LIMIT_LENGTH 0
#define SQLITE_LIMIT_SQL_LENGTH 1
#define SQLITE_LIMIT_COLUMN 2
#define SQLITE_LIMIT_EXPR_DEPTH 3
#define SQLITE_LIMIT_COMPOUND_SELECT 4
#define SQLITE_LIMIT_VDBE_OP 5
#define SQLITE_LIMIT_FUNCTION_ARG 6
#define SQLITE_LIMIT_ATTACHED 7
#define SQLITE_LIMIT_LIKE_PATTERN_LENGTH 8
#define SQLITE_LIMIT_VARIABLE_NUMBER 9
#define SQLITE_LIMIT_TRIGGER_DEPTH 10
#define SQLITE_LIMIT_WORKER_THREADS 11
#define SQLITE_LIMIT_PARSER_DEPTH 12

/* Counters of sqlite3_status. */
#define SQLITE_STATUS_MEMORY_USED 0
#define SQLITE_STATUS_PAGECACHE_USED 1
#define SQLITE_STATUS_PAGECACHE_OVERFLOW 2
#define SQLITE_STATUS_SCRATCH_USED 3
#define SQLITE_STATUS_SCRATCH_OVERFLOW 4
#define SQLITE_STATUS_MALLOC_SIZE 5
#define SQLITE_STATUS_PARSER_STACK 6
#define SQLITE_STATUS_PAGECACHE_SIZE 7
#define SQLITE_STATUS_SCRATCH_SIZE 8
#define SQLITE_STATUS_MALLOC_COUNT 9

/* Counters of sqlite3_db_status. */
#define SQLITE_DBSTATUS_LOOKASIDE_USED 0
#define SQLITE_DBSTATUS_CACHE_USED 1
#define SQLITE_DBSTATUS_SCHEMA_USED 2
#define SQLITE_DBSTATUS_STMT_USED 3
#define SQLITE_DBSTATUS_LOOKASIDE_HIT 4
#define SQLITE_DBSTATUS_LOOKASIDE_MISS_SIZE 5
#define SQLITE_DBSTATUS_LOOKASIDE_MISS_FULL 6
#define SQLITE_DBSTATUS_CACHE_HIT 7
#define SQLITE_DBSTATUS_CACHE_MISS 8
#define SQLITE_DBSTATUS_CACHE_WRITE 9
#define SQLITE_DBSTATUS_DEFERRED_FKS 10
#define SQLITE_DBSTATUS_CACHE_USED_SHARED 11
#define SQLITE_DBSTATUS_CACHE_SPILL 12
#define SQLITE_DBSTATUS_TEMPBUF_SPILL 13
#define SQLITE_DBSTATUS_MAX 13

/* Counters of sqlite3_stmt_status. */
#define SQLITE_STMTSTATUS_FULLSCAN_STEP 1
#define SQLITE_STMTSTATUS_SORT 2
#define SQLITE_STMTSTATUS_AUTOINDEX 3
#define SQLITE_STMTSTATUS_VM_STEP 4
#define SQLITE_STMTSTATUS_REPREPARE 5
#define SQLITE_STMTSTATUS_RUN 6
#define SQLITE_STMTSTATUS_FILTER_MISS 7
#define SQLITE_STMTSTATUS_FILTER_HIT 8
#define SQLITE_STMTSTATUS_MEMUSED 99

/* Values of sqlite3_stmt_scanstatus, and its flag. */
#define SQLITE_SCANSTAT_NLOOP 0
#define SQLITE_SCANSTAT_NVISIT 1
#define SQLITE_SCANSTAT_EST 2
#define SQLITE_SCANSTAT_NAME 3
#define SQLITE_SCANSTAT_EXPLAIN 4
#define SQLITE_SCANSTAT_SELECTID 5
#define SQLITE_SCANSTAT_PARENTID 6
#define SQLITE_SCANSTAT_NCYCLE 7
#define SQLITE_SCANSTAT_COMPLEX 1

/* Flags of sqlite3_prepare_v3. */
#define SQLITE_PREPARE_PERSISTENT 0x1
#define SQLITE_PREPARE_NORMALIZE 0x2
#define SQLITE_PREPARE_NO_VTAB 0x4
#define SQLITE_PREPARE_DONT_LOG 0x10
#define SQLITE_PREPARE_FROM_DDL 0x20

/* Events of sqlite3_trace_v2. */
#define SQLITE_TRACE_STMT 1
#define SQLITE_TRACE_PROFILE 2
#define SQLITE_TRACE_ROW 4
#define SQLITE_TRACE_CLOSE 8

/* Modes of sqlite3_wal_checkpoint_v2. */
#define SQLITE_CHECKPOINT_NOOP (-1)
#define SQLITE_CHECKPOINT_PASSIVE 0
#define SQLITE_CHECKPOINT_FULL 1
#define SQLITE_CHECKPOINT_RESTART 2
#define SQLITE_CHECKPOINT_TRUNCATE 3

/* Answers of sqlite3_txn_state. */
#define SQLITE_TXN_NONE 0
#define SQLITE_TXN_READ 1
#define SQLITE_TXN_WRITE 2

/* Operations of sqlite3_vtab_config. */
#define SQLITE_VTAB_CONSTRAINT_SUPPORT 1
#define SQLITE_VTAB_INNOCUOUS 2
#define SQLITE_VTAB_DIRECTONLY 3
#define SQLITE_VTAB_USES_ALL_SCHEMAS 4

/* Operators of a constraint in sqlite3_index_info. */
#define SQLITE_INDEX_CONSTRAINT_EQ 2
#define SQLITE_INDEX_CONSTRAINT_GT 4
#define SQLITE_INDEX_CONSTRAINT_LE 8
#define SQLITE_INDEX_CONSTRAINT_LT 16
#define SQLITE_INDEX_CONSTRAINT_GE 32
#define SQLITE_INDEX_CONSTRAINT_MATCH 64
#define SQLITE_INDEX_CONSTRAINT_LIKE 65
#define SQLITE_INDEX_CONSTRAINT_GLOB 66
#define SQLITE_INDEX_CONSTRAINT_REGEXP 67
#define SQLITE_INDEX_CONSTRAINT_NE 68
#define SQLITE_INDEX_CONSTRAINT_ISNOT 69
#define SQLITE_INDEX_CONSTRAINT_ISNOTNULL 70
#define SQLITE_INDEX_CONSTRAINT_ISNULL 71
#define SQLITE_INDEX_CONSTRAINT_IS 72
#define SQLITE_INDEX_CONSTRAINT_LIMIT 73
#define SQLITE_INDEX_CONSTRAINT_OFFSET 74
#define SQLITE_INDEX_CONSTRAINT_FUNCTION 150

/* idxFlags of sqlite3_index_info. */
#define SQLITE_INDEX_SCAN_UNIQUE 1
#define SQLITE_INDEX_SCAN_HEX 2

/* Flag of sqlite3_serialize. */
#define SQLITE_SERIALIZE_NOCOPY 1

/* Flags of sqlite3_deserialize. */
#define SQLITE_DESERIALIZE_FREEONCLOSE 1
#define SQLITE_DESERIALIZE_RESIZEABLE 2
#define SQLITE_DESERIALIZE_READONLY 4

/* Kinds of sqlite3_mutex_alloc. */
#define SQLITE_MUTEX_FAST 0
#define SQLITE_MUTEX_RECURSIVE 1
#define SQLITE_MUTEX_STATIC_MAIN 2
#define SQLITE_MUTEX_STATIC_MEM 3
#define SQLITE_MUTEX_STATIC_MEM2 4
#define SQLITE_MUTEX_STATIC_OPEN 4
#define SQLITE_MUTEX_STATIC_PRNG 5
#define SQLITE_MUTEX_STATIC_LRU 6
#define SQLITE_MUTEX_STATIC_LRU2 7
#define SQLITE_MUTEX_STATIC_PMEM 7
#define SQLITE_MUTEX_STATIC_APP1 8
#define SQLITE_MUTEX_STATIC_APP2 9
#define SQLITE_MUTEX_STATIC_APP3 10
#define SQLITE_MUTEX_STATIC_VFS1 11
#define SQLITE_MUTEX_STATIC_VFS2 12
#define SQLITE_MUTEX_STATIC_VFS3 13
#define SQLITE_MUTEX_STATIC_MASTER 2

/* Element types of sqlite3_carray_bind. */
#define SQLITE_CARRAY_INT32 0
#define SQLITE_CARRAY_INT64 1
#define SQLITE_CARRAY_DOUBLE 2
#define SQLITE_CARRAY_TEXT 3
#define SQLITE_CARRAY_BLOB 4

/* Flag of sqlite3_setlk_timeout. */
#define SQLITE_SETLK_BLOCK_ON_CONNECT 1

/* Operations of sqlite3_test_control. */
#define SQLITE_TESTCTRL_FIRST 5
#define SQLITE_TESTCTRL_PRNG_SAVE 5
#define SQLITE_TESTCTRL_PRNG_RESTORE 6
#define SQLITE_TESTCTRL_PRNG_RESET 7
#define SQLITE_TESTCTRL_FK_NO_ACTION 7
#define SQLITE_TESTCTRL_BITVEC_TEST 8
#define SQLITE_TESTCTRL_FAULT_INSTALL 9
#define SQLITE_TESTCTRL_BENIGN_MALLOC_HOOKS 10
#define SQLITE_TESTCTRL_PENDING_BYTE 11
#define SQLITE_TESTCTRL_ASSERT 12
#define SQLITE_TESTCTRL_ALWAYS 13
#define SQLITE_TESTCTRL_RESERVE 14
#define SQLITE_TESTCTRL_JSON_SELFCHECK 14
#define SQLITE_TESTCTRL_OPTIMIZATIONS 15
#define SQLITE_TESTCTRL_ISKEYWORD 16
#define SQLITE_TESTCTRL_GETOPT 16
#define SQLITE_TESTCTRL_SCRATCHMALLOC 17
#define SQLITE_TESTCTRL_INTERNAL_FUNCTIONS 17
#define SQLITE_TESTCTRL_LOCALTIME_FAULT 18
#define SQLITE_TESTCTRL_EXPLAIN_STMT 19
#define SQLITE_TESTCTRL_ONCE_RESET_THRESHOLD 19
#define SQLITE_TESTCTRL_NEVER_CORRUPT 20
#define SQLITE_TESTCTRL_VDBE_COVERAGE 21
#define SQLITE_TESTCTRL_BYTEORDER 22
#define SQLITE_TESTCTRL_ISINIT 23
#define SQLITE_TESTCTRL_SORTER_MMAP 24
#define SQLITE_TESTCTRL_IMPOSTER 25
#define SQLITE_TESTCTRL_PARSER_COVERAGE 26
#define SQLITE_TESTCTRL_RESULT_INTREAL 27
#define SQLITE_TESTCTRL_PRNG_SEED 28
#define SQLITE_TESTCTRL_EXTRA_SCHEMA_CHECKS 29
#define SQLITE_TESTCTRL_SEEK_COUNT 30
#define SQLITE_TESTCTRL_TRACEFLAGS 31
#define SQLITE_TESTCTRL_TUNE 32
#define SQLITE_TESTCTRL_LOGEST 33
#define SQLITE_TESTCTRL_USELONGDOUBLE 34
#define SQLITE_TESTCTRL_ATOF 34
#define SQLITE_TESTCTRL_LAST 34

/* Answers of an authorizer, and the actions it is asked about. */
#define SQLITE_DENY 1
#define SQLITE_IGNORE 2
#define SQLITE_CREATE_INDEX 1
#define SQLITE_CREATE_TABLE 2
#define SQLITE_CREATE_TEMP_INDEX 3
#define SQLITE_CREATE_TEMP_TABLE 4
#define SQLITE_CREATE_TEMP_TRIGGER 5
#define SQLITE_CREATE_TEMP_VIEW 6
#define SQLITE_CREATE_TRIGGER 7
#define SQLITE_CREATE_VIEW 8
#define SQLITE_DELETE 9
#define SQLITE_DROP_INDEX 10
#define SQLITE_DROP_TABLE 11
#define SQLITE_DROP_TEMP_INDEX 12
#define SQLITE_DROP_TEMP_TABLE 13
#define SQLITE_DROP_TEMP_TRIGGER 14
#define SQLITE_DROP_TEMP_VIEW 15
#define SQLITE_DROP_TRIGGER 16
#define SQLITE_DROP_VIEW 17
#define SQLITE_INSERT 18
#define SQLITE_PRAGMA 19
#define SQLITE_READ 20
#define SQLITE_SELECT 21
#define SQLITE_TRANSACTION 22
#define SQLITE_UPDATE 23
#define SQLITE_ATTACH 24
#define SQLITE_DETACH 25
#define SQLITE_ALTER_TABLE 26
#define SQLITE_REINDEX 27
#define SQLITE_ANALYZE 28
#define SQLITE_CREATE_VTABLE 29
#define SQLITE_DROP_VTABLE 30
#define SQLITE_FUNCTION 31
#define SQLITE_SAVEPOINT 32
#define SQLITE_RECURSIVE 33
#define SQLITE_COPY 0

/* Conflict modes of sqlite3_vtab_on_conflict; SQLITE_IGNORE (2) and SQLITE_ABORT (4) are the others. */
#define SQLITE_ROLLBACK 1
#define SQLITE_FAIL 3
#define SQLITE_REPLACE 5

/* Storage classes. */
#define SQLITE_INTEGER 1
#define SQLITE_FLOAT 2
#define SQLITE_TEXT 3
#define SQLITE3_TEXT 3
#define SQLITE_BLOB 4
#define SQLITE_NULL 5

/* Text encodings. */
#define SQLITE_UTF8 1
#define SQLITE_UTF16LE 2
#define SQLITE_UTF16BE 3
#define SQLITE_UTF16 4
#define SQLITE_ANY 5
#define SQLITE_UTF16_ALIGNED 8
#define SQLITE_UTF8_ZT 16

/* Properties of a function, joined with its text encoding. */
#define SQLITE_DETERMINISTIC 0x000000800
#define SQLITE_DIRECTONLY 0x000080000
#define SQLITE_SUBTYPE 0x000100000
#define SQLITE_INNOCUOUS 0x000200000
#define SQLITE_RESULT_SUBTYPE 0x001000000
#define SQLITE_SELFORDER1 0x002000000

/* Directories of sqlite3_win32_set_directory. */
#define SQLITE_WIN32_DATA_DIRECTORY_TYPE 1
#define SQLITE_WIN32_TEMP_DIRECTORY_TYPE 2

/* Changesets: kinds of conflict, answers to it, flags. */
#define SQLITE_CHANGESET_DATA 1
#define SQLITE_CHANGESET_NOTFOUND 2
#define SQLITE_CHANGESET_CONFLICT 3
#define SQLITE_CHANGESET_CONSTRAINT 4
#define SQLITE_CHANGESET_FOREIGN_KEY 5
#define SQLITE_CHANGESET_OMIT 0
#define SQLITE_CHANGESET_REPLACE 1
#define SQLITE_CHANGESET_ABORT 2
#define SQLITE_CHANGESETSTART_INVERT 0x0002
#define SQLITE_CHANGESETAPPLY_NOSAVEPOINT 0x0001
#define SQLITE_CHANGESETAPPLY_INVERT 0x0002
#define SQLITE_CHANGESETAPPLY_IGNORENOOP 0x0004
#define SQLITE_CHANGESETAPPLY_FKNOACTION 0x0008
#define SQLITE_CHANGESETAPPLY_NOUPDATELOOP 0x0010
#define SQLITE_SESSION_OBJCONFIG_SIZE 1
#define SQLITE_SESSION_OBJCONFIG_ROWID 2
#define SQLITE_SESSION_CONFIG_STRMSIZE 1
#define SQLITE_CHANGEGROUP_CONFIG_PATCHSET 1

/* How a shape lies to a query (R-Tree). */
#define NOT_WITHIN 0
#define PARTLY_WITHIN 1
#define FULLY_WITHIN 2

/* Flags of FTS5 tokenizers. */
#define FTS5_TOKENIZE_QUERY 0x0001
#define FTS5_TOKENIZE_PREFIX 0x0002
#define FTS5_TOKENIZE_DOCUMENT 0x0004
#define FTS5_TOKENIZE_AUX 0x0008
#define FTS5_TOKEN_COLOCATED 0x0001

/* ---- Structures ---- */

/* An open file; a VFS puts its own members behind this one. */
struct sqlite3_file {
  const struct sqlite3_io_methods* pMethods;
};

/* What an open file can do. */
struct sqlite3_io_methods {
  int iVersion;
  int (*xClose)(sqlite3_file*);
  int (*xRead)(sqlite3_file*, void*, int iAmt, sqlite3_int64 iOfst);
  int (*xWrite)(sqlite3_file*, const void*, int iAmt, sqlite3_int64 iOfst);
  int (*xTruncate)(sqlite3_file*, sqlite3_int64 size);
  int (*xSync)(sqlite3_file*, int flags);
  int (*xFileSize)(sqlite3_file*, sqlite3_int64* pSize);
  int (*xLock)(sqlite3_file*, int);
  int (*xUnlock)(sqlite3_file*, int);
  int (*xCheckReservedLock)(sqlite3_file*, int* pResOut);
  int (*xFileControl)(sqlite3_file*, int op, void* pArg);
  int (*xSectorSize)(sqlite3_file*);
  int (*xDeviceCharacteristics)(sqlite3_file*);
  int (*xShmMap)(sqlite3_file*, int iPg, int pgsz, int, void volatile**); /* from version 2 on */
  int (*xShmLock)(sqlite3_file*, int offset, int n, int flags);
  void (*xShmBarrier)(sqlite3_file*);
  int (*xShmUnmap)(sqlite3_file*, int deleteFlag);
  int (*xFetch)(sqlite3_file*, sqlite3_int64 iOfst, int iAmt, void** pp); /* from version 3 on */
  int (*xUnfetch)(sqlite3_file*, sqlite3_int64 iOfst, void* p);
};

/* An operating system, as the engine sees it. */
struct sqlite3_vfs {
  int iVersion;
  int szOsFile;
  int mxPathname;
  sqlite3_vfs* pNext;
  const char* zName;
  void* pAppData;
  int (*xOpen)(sqlite3_vfs*, sqlite3_filename zName, sqlite3_file*, int flags, int* pOutFlags);
  int (*xDelete)(sqlite3_vfs*, const char* zName, int syncDir);
  int (*xAccess)(sqlite3_vfs*, const char* zName, int flags, int* pResOut);
  int (*xFullPathname)(sqlite3_vfs*, const char* zName, int nOut, char* zOut);
  void* (*xDlOpen)(sqlite3_vfs*, const char* zFilename);
  void (*xDlError)(sqlite3_vfs*, int nByte, char* zErrMsg);
  void (*(*xDlSym)(sqlite3_vfs*, void*, const char* zSymbol))(void);
  void (*xDlClose)(sqlite3_vfs*, void*);
  int (*xRandomness)(sqlite3_vfs*, int nByte, char* zOut);
  int (*xSleep)(sqlite3_vfs*, int microseconds);
  int (*xCurrentTime)(sqlite3_vfs*, double*);
  int (*xGetLastError)(sqlite3_vfs*, int, char*);
  int (*xCurrentTimeInt64)(sqlite3_vfs*, sqlite3_int64*);                      /* from version 2 on */
  int (*xSetSystemCall)(sqlite3_vfs*, const char* zName, sqlite3_syscall_ptr); /* from version 3 on */
  sqlite3_syscall_ptr (*xGetSystemCall)(sqlite3_vfs*, const char* zName);
  const char* (*xNextSystemCall)(sqlite3_vfs*, const char* zName);
};

/* An allocator (SQLITE_CONFIG_MALLOC). */
struct sqlite3_mem_methods {
  void* (*xMalloc)(int);
  void (*xFree)(void*);
  void* (*xRealloc)(void*, int);
  int (*xSize)(void*);
  int (*xRoundup)(int);
  int (*xInit)(void*);
  void (*xShutdown)(void*);
  void* pAppData;
};

/* Mutexes (SQLITE_CONFIG_MUTEX). */
struct sqlite3_mutex_methods {
  int (*xMutexInit)(void);
  int (*xMutexEnd)(void);
  sqlite3_mutex* (*xMutexAlloc)(int);
  void (*xMutexFree)(sqlite3_mutex*);
  void (*xMutexEnter)(sqlite3_mutex*);
  int (*xMutexTry)(sqlite3_mutex*);
  void (*xMutexLeave)(sqlite3_mutex*);
  int (*xMutexHeld)(sqlite3_mutex*);
  int (*xMutexNotheld)(sqlite3_mutex*);
};

/* A page in a page cache. */
struct sqlite3_pcache_page {
  void* pBuf;
  void* pExtra;
};

/* A page cache (SQLITE_CONFIG_PCACHE2). */
struct sqlite3_pcache_methods2 {
  int iVersion;
  void* pArg;
  int (*xInit)(void*);
  void (*xShutdown)(void*);
  sqlite3_pcache* (*xCreate)(int szPage, int szExtra, int bPurgeable);
  void (*xCachesize)(sqlite3_pcache*, int nCachesize);
  int (*xPagecount)(sqlite3_pcache*);
  sqlite3_pcache_page* (*xFetch)(sqlite3_pcache*, unsigned key, int createFlag);
  void (*xUnpin)(sqlite3_pcache*, sqlite3_pcache_page*, int discard);
  void (*xRekey)(sqlite3_pcache*, sqlite3_pcache_page*, unsigned oldKey, unsigned newKey);
  void (*xTruncate)(sqlite3_pcache*, unsigned iLimit);
  void (*xDestroy)(sqlite3_pcache*);
  void (*xShrink)(sqlite3_pcache*);
};

/* The older form of a page cache, kept for its layout. */
struct sqlite3_pcache_methods {
  void* pArg;
  int (*xInit)(void*);
  void (*xShutdown)(void*);
  sqlite3_pcache* (*xCreate)(int szPage, int bPurgeable);
  void (*xCachesize)(sqlite3_pcache*, int nCachesize);
  int (*xPagecount)(sqlite3_pcache*);
  void* (*xFetch)(sqlite3_pcache*, unsigned key, int createFlag);
  void (*xUnpin)(sqlite3_pcache*, void*, int discard);
  void (*xRekey)(sqlite3_pcache*, void*, unsigned oldKey, unsigned newKey);
  void (*xTruncate)(sqlite3_pcache*, unsigned iLimit);
  void (*xDestroy)(sqlite3_pcache*);
};

/* A virtual table module. */
struct sqlite3_module {
  int iVersion;
  int (*xCreate)(sqlite3*, void* pAux, int argc, const char* const*, sqlite3_vtab** ppVTab, char**);
  int (*xConnect)(sqlite3*, void* pAux, int argc, const char* const*, sqlite3_vtab** ppVTab, char**);
  int (*xBestIndex)(sqlite3_vtab* pVTab, sqlite3_index_info*);
  int (*xDisconnect)(sqlite3_vtab* pVTab);
  int (*xDestroy)(sqlite3_vtab* pVTab);
  int (*xOpen)(sqlite3_vtab* pVTab, sqlite3_vtab_cursor** ppCursor);
  int (*xClose)(sqlite3_vtab_cursor*);
  int (*xFilter)(sqlite3_vtab_cursor*, int idxNum, const char* idxStr, int argc, sqlite3_value** argv);
  int (*xNext)(sqlite3_vtab_cursor*);
  int (*xEof)(sqlite3_vtab_cursor*);
  int (*xColumn)(sqlite3_vtab_cursor*, sqlite3_context*, int);
  int (*xRowid)(sqlite3_vtab_cursor*, sqlite3_int64* pRowid);
  int (*xUpdate)(sqlite3_vtab*, int, sqlite3_value**, sqlite3_int64*);
  int (*xBegin)(sqlite3_vtab* pVTab);
  int (*xSync)(sqlite3_vtab* pVTab);
  int (*xCommit)(sqlite3_vtab* pVTab);
  int (*xRollback)(sqlite3_vtab* pVTab);
  int (*xFindFunction)(sqlite3_vtab* pVtab, int nArg, const char* zName,
                       void (**pxFunc)(sqlite3_context*, int, sqlite3_value**), void** ppArg);
  int (*xRename)(sqlite3_vtab* pVtab, const char* zNew);
  int (*xSavepoint)(sqlite3_vtab* pVTab, int); /* from version 2 on */
  int (*xRelease)(sqlite3_vtab* pVTab, int);
  int (*xRollbackTo)(sqlite3_vtab* pVTab, int);
  int (*xShadowName)(const char*); /* from version 3 on */
  int (*xIntegrity)(sqlite3_vtab* pVTab, const char* zSchema, const char* zTabName, int mFlags,
                    char** pzErr); /* from version 4 on */
};

/* One virtual table; a module puts its own members behind these. */
struct sqlite3_vtab {
  const sqlite3_module* pModule;
  int nRef;
  char* zErrMsg;
};

/* A cursor on a virtual table; likewise. */
struct sqlite3_vtab_cursor {
  sqlite3_vtab* pVtab;
};

/* A question of the planner to xBestIndex, and its answer. */
struct sqlite3_index_info {
  int nConstraint;
  struct sqlite3_index_constraint {
    int iColumn;
    unsigned char op;
    unsigned char usable;
    int iTermOffset;
  }* aConstraint;
  int nOrderBy;
  struct sqlite3_index_orderby {
    int iColumn;
    unsigned char desc;
  }* aOrderBy;
  struct sqlite3_index_constraint_usage {
    int argvIndex;
    unsigned char omit;
  }* aConstraintUsage;
  int idxNum;
  char* idxStr;
  int needToFreeIdxStr;
  int orderByConsumed;
  double estimatedCost;
  sqlite3_int64 estimatedRows; /* since 3.8.2 */
  int idxFlags;                /* since 3.9.0 */
  sqlite3_uint64 colUsed;      /* since 3.10.0 */
};

/* What a geometry function of an R-Tree gets. */
struct sqlite3_rtree_geometry {
  void* pContext;
  int nParam;
  sqlite3_rtree_dbl* aParam;
  void* pUser;
  void (*xDelUser)(void*);
};

/* What a query function of an R-Tree gets. */
struct sqlite3_rtree_query_info {
  void* pContext;
  int nParam;
  sqlite3_rtree_dbl* aParam;
  void* pUser;
  void (*xDelUser)(void*);
  sqlite3_rtree_dbl* aCoord;
  unsigned int* anQueue;
  int nCoord;
  int iLevel;
  int mxLevel;
  sqlite3_int64 iRowid;
  sqlite3_rtree_dbl rParentScore;
  int eParentWithin;
  int eWithin;
  sqlite3_rtree_dbl rScore;
  sqlite3_value** apSqlParam;
};

/* Where xPhraseFirst and xPhraseNext are. */
struct Fts5PhraseIter {
  const unsigned char* a;
  const unsigned char* b;
};

/* What an auxiliary function of FTS5 may ask. */
struct Fts5ExtensionApi {
  int iVersion;
  void* (*xUserData)(Fts5Context*);
  int (*xColumnCount)(Fts5Context*);
  int (*xRowCount)(Fts5Context*, sqlite3_int64* pnRow);
  int (*xColumnTotalSize)(Fts5Context*, int iCol, sqlite3_int64* pnToken);
  int (*xTokenize)(Fts5Context*, const char* pText, int nText, void* pCtx,
                   int (*xToken)(void*, int, const char*, int, int, int));
  int (*xPhraseCount)(Fts5Context*);
  int (*xPhraseSize)(Fts5Context*, int iPhrase);
  int (*xInstCount)(Fts5Context*, int* pnInst);
  int (*xInst)(Fts5Context*, int iIdx, int* piPhrase, int* piCol, int* piOff);
  sqlite3_int64 (*xRowid)(Fts5Context*);
  int (*xColumnText)(Fts5Context*, int iCol, const char** pz, int* pn);
  int (*xColumnSize)(Fts5Context*, int iCol, int* pnToken);
  int (*xQueryPhrase)(Fts5Context*, int iPhrase, void* pUserData,
                      int (*)(const Fts5ExtensionApi*, Fts5Context*, void*));
  int (*xSetAuxdata)(Fts5Context*, void* pAux, void (*xDelete)(void*));
  void* (*xGetAuxdata)(Fts5Context*, int bClear);
  int (*xPhraseFirst)(Fts5Context*, int iPhrase, Fts5PhraseIter*, int*, int*);
  void (*xPhraseNext)(Fts5Context*, Fts5PhraseIter*, int* piCol, int* piOff);
  int (*xPhraseFirstColumn)(Fts5Context*, int iPhrase, Fts5PhraseIter*, int*);
  void (*xPhraseNextColumn)(Fts5Context*, Fts5PhraseIter*, int* piCol);
  int (*xQueryToken)(Fts5Context*, int iPhrase, int iToken, const char** ppToken, int* pnToken); /* from version 3 on */
  int (*xInstToken)(Fts5Context*, int iIdx, int iToken, const char**, int*);
  int (*xColumnLocale)(Fts5Context*, int iCol, const char** pz, int* pn); /* from version 4 on */
  int (*xTokenize_v2)(Fts5Context*, const char* pText, int nText, const char* pLocale, int nLocale, void* pCtx,
                      int (*xToken)(void*, int, const char*, int, int, int));
};

/* A tokenizer of FTS5. */
struct fts5_tokenizer {
  int (*xCreate)(void*, const char** azArg, int nArg, Fts5Tokenizer** ppOut);
  void (*xDelete)(Fts5Tokenizer*);
  int (*xTokenize)(Fts5Tokenizer*, void* pCtx, int flags, const char* pText, int nText,
                   int (*xToken)(void* pCtx, int tflags, const char* pToken, int nToken, int iStart, int iEnd));
};

/* A tokenizer that knows locales. */
struct fts5_tokenizer_v2 {
  int iVersion;
  int (*xCreate)(void*, const char** azArg, int nArg, Fts5Tokenizer** ppOut);
  void (*xDelete)(Fts5Tokenizer*);
  int (*xTokenize)(Fts5Tokenizer*, void* pCtx, int flags, const char* pText, int nText, const char* pLocale,
                   int nLocale,
                   int (*xToken)(void* pCtx, int tflags, const char* pToken, int nToken, int iStart, int iEnd));
};

typedef void (*fts5_extension_function)(const Fts5ExtensionApi* pApi, Fts5Context* pFts, sqlite3_context* pCtx,
                                        int nVal, sqlite3_value** apVal);

/* Where tokenizers and auxiliary functions are registered. */
struct fts5_api {
  int iVersion;
  int (*xCreateTokenizer)(fts5_api* pApi, const char* zName, void* pUserData, fts5_tokenizer* pTokenizer,
                          void (*xDestroy)(void*));
  int (*xFindTokenizer)(fts5_api* pApi, const char* zName, void** ppUserData, fts5_tokenizer* pTokenizer);
  int (*xCreateFunction)(fts5_api* pApi, const char* zName, void* pUserData, fts5_extension_function xFunction,
                         void (*xDestroy)(void*));
  int (*xCreateTokenizer_v2)(fts5_api* pApi, const char* zName, void* pUserData, fts5_tokenizer_v2* pTokenizer,
                             void (*xDestroy)(void*)); /* from version 3 on */
  int (*xFindTokenizer_v2)(fts5_api* pApi, const char* zName, void** ppUserData, fts5_tokenizer_v2** ppTokenizer);
};

/* ---- Functions ---- */

/* == The library. == */

/* Exported char array with the version text. */
SQLITE_API SQLITE_EXTERN const char sqlite3_version[];

/* Version text. */
SQLITE_API const char* sqlite3_libversion(void);

/* Version as integer X*1000000+Y*1000+Z. */
SQLITE_API int sqlite3_libversion_number(void);

/* Check-in date and hash text. */
SQLITE_API const char* sqlite3_sourceid(void);

/* Is a build option (with or without SQLITE_ prefix) present. */
SQLITE_API int sqlite3_compileoption_used(const char* name);

/* N-th build option or NULL. */
SQLITE_API const char* sqlite3_compileoption_get(int N);

/* Build-time threading mode 0/1/2. */
SQLITE_API int sqlite3_threadsafe(void);

/* Start the library (implicit on first use). */
SQLITE_API int sqlite3_initialize(void);

/* Release global resources. */
SQLITE_API int sqlite3_shutdown(void);

/* OS layer start, registers VFSes. */
SQLITE_API int sqlite3_os_init(void);

/* OS layer end. */
SQLITE_API int sqlite3_os_end(void);

/* Process-wide settings before initialise. */
SQLITE_API int sqlite3_config(int, ...);

/* Number of SQL keywords. */
SQLITE_API int sqlite3_keyword_count(void);

/* N-th keyword (not terminated, length returned). */
SQLITE_API int sqlite3_keyword_name(int, const char**, int*);

/* Is text a keyword. */
SQLITE_API int sqlite3_keyword_check(const char*, int);

/* Does text end a statement (trigger bodies understood). */
SQLITE_API int sqlite3_complete(const char* sql);

/* Same for UTF-16. */
SQLITE_API int sqlite3_complete16(const void* sql);

/* Write to the error log callback. */
SQLITE_API void sqlite3_log(int code, const char* format, ...);

/* Pause at least N ms through the VFS, returns ms slept. */
SQLITE_API int sqlite3_sleep(int);

/* Testing hooks (numbers in the code tables). */
SQLITE_API int sqlite3_test_control(int op, ...);

/* Stub of a commercial extension. */
SQLITE_API void sqlite3_activate_cerod(const char* phrase);

/* == Connections. == */

/* Open UTF-8 name read/write/create. */
SQLITE_API int sqlite3_open(const char* filename, sqlite3** db_out);

/* Open UTF-16 name, new database in UTF-16. */
SQLITE_API int sqlite3_open16(const void* filename, sqlite3** db_out);

/* Open with flags and VFS name; handle is set even on error. */
SQLITE_API int sqlite3_open_v2(const char* filename, sqlite3** db_out, int flags, const char* vfs_name);

/* Close; BUSY while statements, backups or blobs are open. */
SQLITE_API int sqlite3_close(sqlite3*);

/* Close now or defer until children are gone. */
SQLITE_API int sqlite3_close_v2(sqlite3*);

/* Per-connection settings. */
SQLITE_API int sqlite3_db_config(sqlite3*, int op, ...);

/* Switch extended codes on return values. */
SQLITE_API int sqlite3_extended_result_codes(sqlite3*, int on);

/* Callback on lock contention. */
SQLITE_API int sqlite3_busy_handler(sqlite3*, int (*)(void*, int), void*);

/* Built-in waiting handler in ms; <=0 removes. */
SQLITE_API int sqlite3_busy_timeout(sqlite3*, int ms);

/* Timeout for blocking locks (3.50). */
SQLITE_API int sqlite3_setlk_timeout(sqlite3*, int ms, int flags);

/* Ask running statements to stop. */
SQLITE_API void sqlite3_interrupt(sqlite3*);

/* Is an interrupt pending (3.41). */
SQLITE_API int sqlite3_is_interrupted(sqlite3*);

/* Read/set a run-time limit, returns old. */
SQLITE_API int sqlite3_limit(sqlite3*, int id, int newVal);

/* Rowid of last insert on the connection. */
SQLITE_API sqlite3_int64 sqlite3_last_insert_rowid(sqlite3*);

/* Override that value. */
SQLITE_API void sqlite3_set_last_insert_rowid(sqlite3*, sqlite3_int64);

/* Rows of the last DML. */
SQLITE_API int sqlite3_changes(sqlite3*);

/* 64-bit form. */
SQLITE_API sqlite3_int64 sqlite3_changes64(sqlite3*);

/* Rows since open. */
SQLITE_API int sqlite3_total_changes(sqlite3*);

/* 64-bit form. */
SQLITE_API sqlite3_int64 sqlite3_total_changes64(sqlite3*);

/* 1 outside explicit transactions. */
SQLITE_API int sqlite3_get_autocommit(sqlite3*);

/* None/read/write for one or any schema. */
SQLITE_API int sqlite3_txn_state(sqlite3*, const char* schema);

/* Connection of a statement. */
SQLITE_API sqlite3* sqlite3_db_handle(sqlite3_stmt*);

/* N-th schema name. */
SQLITE_API const char* sqlite3_db_name(sqlite3* db, int N);

/* File name of a schema (usable with the calls on file names). */
SQLITE_API sqlite3_filename sqlite3_db_filename(sqlite3* db, const char* schema);

/* 1 read-only, 0 not, -1 no such schema. */
SQLITE_API int sqlite3_db_readonly(sqlite3* db, const char* schema);

/* Connection mutex. */
SQLITE_API sqlite3_mutex* sqlite3_db_mutex(sqlite3*);

/* Free cache memory. */
SQLITE_API int sqlite3_db_release_memory(sqlite3*);

/* Write dirty pages when possible. */
SQLITE_API int sqlite3_db_cacheflush(sqlite3*);

/* Per-connection counters. */
SQLITE_API int sqlite3_db_status(sqlite3*, int op, int* current_out, int* peak_out, int reset);

/* 64-bit form (3.51). */
SQLITE_API int sqlite3_db_status64(sqlite3*, int, sqlite3_int64*, sqlite3_int64*, int);

/* Iterate prepared statements. */
SQLITE_API sqlite3_stmt* sqlite3_next_stmt(sqlite3* db, sqlite3_stmt* statement);

/* Last OS error number. */
SQLITE_API int sqlite3_system_errno(sqlite3*);

/* Named pointer attached to a connection (3.44). */
SQLITE_API void* sqlite3_get_clientdata(sqlite3*, const char*);

/* Set named pointer with destructor (3.44). */
SQLITE_API int sqlite3_set_clientdata(sqlite3*, const char*, void*, void (*)(void*));

/* Declared type, collation, notnull, pk, autoinc of a column; table existence check when column NULL. */
SQLITE_API int sqlite3_table_column_metadata(sqlite3* db, const char* schema, const char* table, const char* column,
                                             char const** type_out, char const** collation_out, int* not_null_out,
                                             int* primary_key_out, int* autoincrement_out);

/* Pass an opcode to the file's xFileControl. */
SQLITE_API int sqlite3_file_control(sqlite3*, const char* schema, int op, void*);

/* Process-wide shared cache switch. */
SQLITE_API int sqlite3_enable_shared_cache(int);

/* Callback when a shared-cache lock clears. */
SQLITE_API int sqlite3_unlock_notify(sqlite3* blocked, void (*notify)(void** arguments, int argument_count),
                                     void* argument);

/* == Errors. == */

/* Last code (primary unless extended on). */
SQLITE_API int sqlite3_errcode(sqlite3* db);

/* Last extended code. */
SQLITE_API int sqlite3_extended_errcode(sqlite3* db);

/* Last message UTF-8. */
SQLITE_API const char* sqlite3_errmsg(sqlite3*);

/* Last message UTF-16. */
SQLITE_API const void* sqlite3_errmsg16(sqlite3*);

/* Default text of a code. */
SQLITE_API const char* sqlite3_errstr(int);

/* Byte offset of the offending token or -1. */
SQLITE_API int sqlite3_error_offset(sqlite3* db);

/* Set code and message from outside (3.51). */
SQLITE_API int sqlite3_set_errmsg(sqlite3* db, int errcode, const char* message);

/* == Statements. == */

/* Run several statements with row callback. */
SQLITE_API int sqlite3_exec(sqlite3*, const char* sql, int (*callback)(void*, int, char**, char**), void*,
                            char** error_out);

/* Run and return a string matrix. */
SQLITE_API int sqlite3_get_table(sqlite3* db, const char* sql, char*** result_out, int* row_count_out,
                                 int* column_count_out, char** error_out);

/* Free it. */
SQLITE_API void sqlite3_free_table(char** result);

/* Legacy compile (no auto re-prepare, generic step errors). */
SQLITE_API int sqlite3_prepare(sqlite3* db, const char* sql, int byte_count, sqlite3_stmt** statement_out,
                               const char** tail_out);

/* Compile one statement, return tail. */
SQLITE_API int sqlite3_prepare_v2(sqlite3* db, const char* sql, int byte_count, sqlite3_stmt** statement_out,
                                  const char** tail_out);

/* Plus PREPARE_ flags. */
SQLITE_API int sqlite3_prepare_v3(sqlite3* db, const char* sql, int byte_count, unsigned int prepFlags,
                                  sqlite3_stmt** statement_out, const char** tail_out);

/* Legacy UTF-16. */
SQLITE_API int sqlite3_prepare16(sqlite3* db, const void* sql, int byte_count, sqlite3_stmt** statement_out,
                                 const void** tail_out);

/* UTF-16. */
SQLITE_API int sqlite3_prepare16_v2(sqlite3* db, const void* sql, int byte_count, sqlite3_stmt** statement_out,
                                    const void** tail_out);

/* UTF-16 with flags. */
SQLITE_API int sqlite3_prepare16_v3(sqlite3* db, const void* sql, int byte_count, unsigned int prepFlags,
                                    sqlite3_stmt** statement_out, const void** tail_out);

/* Original text. */
SQLITE_API const char* sqlite3_sql(sqlite3_stmt* statement);

/* Text with bound values (caller frees). */
SQLITE_API char* sqlite3_expanded_sql(sqlite3_stmt* statement);

/* Text with literals replaced by ?. */
SQLITE_API const char* sqlite3_normalized_sql(sqlite3_stmt* statement);

/* No direct writes. */
SQLITE_API int sqlite3_stmt_readonly(sqlite3_stmt* statement);

/* 0, 1 EXPLAIN, 2 QUERY PLAN. */
SQLITE_API int sqlite3_stmt_isexplain(sqlite3_stmt* statement);

/* Switch explain mode (3.43). */
SQLITE_API int sqlite3_stmt_explain(sqlite3_stmt* statement, int mode);

/* Stepped and not reset. */
SQLITE_API int sqlite3_stmt_busy(sqlite3_stmt*);

/* Run to next row. */
SQLITE_API int sqlite3_step(sqlite3_stmt*);

/* Rewind, returns last error. */
SQLITE_API int sqlite3_reset(sqlite3_stmt* statement);

/* Destroy, returns last error. */
SQLITE_API int sqlite3_finalize(sqlite3_stmt* statement);

/* All parameters to NULL. */
SQLITE_API int sqlite3_clear_bindings(sqlite3_stmt*);

/* Columns of the current row. */
SQLITE_API int sqlite3_data_count(sqlite3_stmt* statement);

/* Per-statement counters. */
SQLITE_API int sqlite3_stmt_status(sqlite3_stmt*, int op, int reset);

/* Loop statistics. */
SQLITE_API int sqlite3_stmt_scanstatus(sqlite3_stmt* statement, int loop, int op, void* out);

/* With flags (after 3.40). */
SQLITE_API int sqlite3_stmt_scanstatus_v2(sqlite3_stmt* statement, int loop, int op, int flags, void* out);

/* Clear. */
SQLITE_API void sqlite3_stmt_scanstatus_reset(sqlite3_stmt*);

/* == Parameters. == */

/* Bytes with destructor. */
SQLITE_API int sqlite3_bind_blob(sqlite3_stmt*, int, const void*, int n, void (*)(void*));

/* 64-bit length. */
SQLITE_API int sqlite3_bind_blob64(sqlite3_stmt*, int, const void*, sqlite3_uint64, void (*)(void*));

/* REAL (NaN binds NULL). */
SQLITE_API int sqlite3_bind_double(sqlite3_stmt*, int, double);

/* 32-bit. */
SQLITE_API int sqlite3_bind_int(sqlite3_stmt*, int, int);

/* 64-bit. */
SQLITE_API int sqlite3_bind_int64(sqlite3_stmt*, int, sqlite3_int64);

/* NULL. */
SQLITE_API int sqlite3_bind_null(sqlite3_stmt*, int);

/* UTF-8, negative length = to NUL. */
SQLITE_API int sqlite3_bind_text(sqlite3_stmt*, int, const char*, int, void (*)(void*));

/* UTF-16 native. */
SQLITE_API int sqlite3_bind_text16(sqlite3_stmt*, int, const void*, int, void (*)(void*));

/* Encoding given (UTF8_ZT too). */
SQLITE_API int sqlite3_bind_text64(sqlite3_stmt*, int, const char*, sqlite3_uint64, void (*)(void*),
                                   unsigned char encoding);

/* Copy a value. */
SQLITE_API int sqlite3_bind_value(sqlite3_stmt*, int, const sqlite3_value*);

/* Typed pointer, NULL to SQL. */
SQLITE_API int sqlite3_bind_pointer(sqlite3_stmt*, int, void*, const char*, void (*)(void*));

/* N zero bytes. */
SQLITE_API int sqlite3_bind_zeroblob(sqlite3_stmt*, int, int n);

/* 64-bit. */
SQLITE_API int sqlite3_bind_zeroblob64(sqlite3_stmt*, int, sqlite3_uint64);

/* Highest parameter number. */
SQLITE_API int sqlite3_bind_parameter_count(sqlite3_stmt*);

/* Name with prefix char or NULL. */
SQLITE_API const char* sqlite3_bind_parameter_name(sqlite3_stmt*, int);

/* Number for a name or 0. */
SQLITE_API int sqlite3_bind_parameter_index(sqlite3_stmt*, const char* name);

/* Array for carray() (3.52). */
SQLITE_API int sqlite3_carray_bind(sqlite3_stmt* statement, int i, void* array, int size, int flags,
                                   void (*destroy)(void*));

/* Separate destructor argument (3.52). */
SQLITE_API int sqlite3_carray_bind_v2(sqlite3_stmt* statement, int i, void* array, int size, int flags,
                                      void (*destroy)(void*), void* destroy_argument);

/* == Columns of a row. == */

/* Columns of the statement. */
SQLITE_API int sqlite3_column_count(sqlite3_stmt* statement);

/* Result name. */
SQLITE_API const char* sqlite3_column_name(sqlite3_stmt*, int N);

/* UTF-16. */
SQLITE_API const void* sqlite3_column_name16(sqlite3_stmt*, int N);

/* Origin schema. */
SQLITE_API const char* sqlite3_column_database_name(sqlite3_stmt*, int);

/* UTF-16. */
SQLITE_API const void* sqlite3_column_database_name16(sqlite3_stmt*, int);

/* Origin table. */
SQLITE_API const char* sqlite3_column_table_name(sqlite3_stmt*, int);

/* UTF-16. */
SQLITE_API const void* sqlite3_column_table_name16(sqlite3_stmt*, int);

/* Origin column. */
SQLITE_API const char* sqlite3_column_origin_name(sqlite3_stmt*, int);

/* UTF-16. */
SQLITE_API const void* sqlite3_column_origin_name16(sqlite3_stmt*, int);

/* Declared type text. */
SQLITE_API const char* sqlite3_column_decltype(sqlite3_stmt*, int);

/* UTF-16. */
SQLITE_API const void* sqlite3_column_decltype16(sqlite3_stmt*, int);

/* Bytes. */
SQLITE_API const void* sqlite3_column_blob(sqlite3_stmt*, int column);

/* REAL conversion. */
SQLITE_API double sqlite3_column_double(sqlite3_stmt*, int column);

/* Low 32 bits. */
SQLITE_API int sqlite3_column_int(sqlite3_stmt*, int column);

/* Integer conversion. */
SQLITE_API sqlite3_int64 sqlite3_column_int64(sqlite3_stmt*, int column);

/* UTF-8 text. */
SQLITE_API const unsigned char* sqlite3_column_text(sqlite3_stmt*, int column);

/* UTF-16 text. */
SQLITE_API const void* sqlite3_column_text16(sqlite3_stmt*, int column);

/* Unprotected value. */
SQLITE_API sqlite3_value* sqlite3_column_value(sqlite3_stmt*, int column);

/* Size after UTF-8 conversion. */
SQLITE_API int sqlite3_column_bytes(sqlite3_stmt*, int column);

/* Size after UTF-16 conversion. */
SQLITE_API int sqlite3_column_bytes16(sqlite3_stmt*, int column);

/* Storage class before conversion. */
SQLITE_API int sqlite3_column_type(sqlite3_stmt*, int column);

/* == Values. == */

/* Bytes. */
SQLITE_API const void* sqlite3_value_blob(sqlite3_value*);

/* REAL. */
SQLITE_API double sqlite3_value_double(sqlite3_value*);

/* 32-bit. */
SQLITE_API int sqlite3_value_int(sqlite3_value*);

/* 64-bit. */
SQLITE_API sqlite3_int64 sqlite3_value_int64(sqlite3_value*);

/* Typed pointer. */
SQLITE_API void* sqlite3_value_pointer(sqlite3_value*, const char*);

/* UTF-8. */
SQLITE_API const unsigned char* sqlite3_value_text(sqlite3_value*);

/* UTF-16 native. */
SQLITE_API const void* sqlite3_value_text16(sqlite3_value*);

/* Little endian. */
SQLITE_API const void* sqlite3_value_text16le(sqlite3_value*);

/* Big endian. */
SQLITE_API const void* sqlite3_value_text16be(sqlite3_value*);

/* Size. */
SQLITE_API int sqlite3_value_bytes(sqlite3_value*);

/* Size in UTF-16 bytes. */
SQLITE_API int sqlite3_value_bytes16(sqlite3_value*);

/* Storage class. */
SQLITE_API int sqlite3_value_type(sqlite3_value*);

/* Try numeric affinity then class. */
SQLITE_API int sqlite3_value_numeric_type(sqlite3_value*);

/* Unchanged column in vtab update. */
SQLITE_API int sqlite3_value_nochange(sqlite3_value*);

/* Came from a parameter. */
SQLITE_API int sqlite3_value_frombind(sqlite3_value*);

/* Current text encoding. */
SQLITE_API int sqlite3_value_encoding(sqlite3_value*);

/* Subtype byte. */
SQLITE_API unsigned int sqlite3_value_subtype(sqlite3_value*);

/* Deep copy. */
SQLITE_API sqlite3_value* sqlite3_value_dup(const sqlite3_value*);

/* Free a copy. */
SQLITE_API void sqlite3_value_free(sqlite3_value*);

/* == Functions and collations. == */

/* Scalar or aggregate. */
SQLITE_API int sqlite3_create_function(sqlite3* db, const char* name, int argument_count, int text_encoding,
                                       void* user_data, void (*function)(sqlite3_context*, int, sqlite3_value**),
                                       void (*step)(sqlite3_context*, int, sqlite3_value**),
                                       void (*finish)(sqlite3_context*));

/* UTF-16 name. */
SQLITE_API int sqlite3_create_function16(sqlite3* db, const void* name, int argument_count, int text_encoding,
                                         void* user_data, void (*function)(sqlite3_context*, int, sqlite3_value**),
                                         void (*step)(sqlite3_context*, int, sqlite3_value**),
                                         void (*finish)(sqlite3_context*));

/* With destructor. */
SQLITE_API int sqlite3_create_function_v2(sqlite3* db, const char* name, int argument_count, int text_encoding,
                                          void* user_data, void (*function)(sqlite3_context*, int, sqlite3_value**),
                                          void (*step)(sqlite3_context*, int, sqlite3_value**),
                                          void (*finish)(sqlite3_context*), void (*destroy)(void*));

/* Aggregate with value/inverse. */
SQLITE_API int sqlite3_create_window_function(sqlite3* db, const char* name, int argument_count, int text_encoding,
                                              void* user_data, void (*step)(sqlite3_context*, int, sqlite3_value**),
                                              void (*finish)(sqlite3_context*), void (*value)(sqlite3_context*),
                                              void (*inverse)(sqlite3_context*, int, sqlite3_value**),
                                              void (*destroy)(void*));

/* Placeholder for vtab overloads. */
SQLITE_API int sqlite3_overload_function(sqlite3*, const char* name, int argument_count);

/* Comparer. */
SQLITE_API int sqlite3_create_collation(sqlite3*, const char* name, int text_encoding, void* argument,
                                        int (*compare)(void*, int, const void*, int, const void*));

/* With destructor (not called on failure). */
SQLITE_API int sqlite3_create_collation_v2(sqlite3*, const char* name, int text_encoding, void* argument,
                                           int (*compare)(void*, int, const void*, int, const void*),
                                           void (*destroy)(void*));

/* UTF-16 name. */
SQLITE_API int sqlite3_create_collation16(sqlite3*, const void* name, int text_encoding, void* argument,
                                          int (*compare)(void*, int, const void*, int, const void*));

/* Callback for unknown collation. */
SQLITE_API int sqlite3_collation_needed(sqlite3*, void*, void (*)(void*, sqlite3*, int text_encoding, const char*));

/* UTF-16. */
SQLITE_API int sqlite3_collation_needed16(sqlite3*, void*, void (*)(void*, sqlite3*, int text_encoding, const void*));

/* Per-group zeroed memory. */
SQLITE_API void* sqlite3_aggregate_context(sqlite3_context*, int byte_count);

/* Deprecated row counter. */
SQLITE_API int sqlite3_aggregate_count(sqlite3_context*);

/* Registration pointer. */
SQLITE_API void* sqlite3_user_data(sqlite3_context*);

/* Connection of a call. */
SQLITE_API sqlite3* sqlite3_context_db_handle(sqlite3_context*);

/* Cached data of constant argument. */
SQLITE_API void* sqlite3_get_auxdata(sqlite3_context*, int N);

/* Set it. */
SQLITE_API void sqlite3_set_auxdata(sqlite3_context*, int N, void*, void (*)(void*));

/* Return bytes. */
SQLITE_API void sqlite3_result_blob(sqlite3_context*, const void*, int, void (*)(void*));

/* 64-bit length. */
SQLITE_API void sqlite3_result_blob64(sqlite3_context*, const void*, sqlite3_uint64, void (*)(void*));

/* Return REAL. */
SQLITE_API void sqlite3_result_double(sqlite3_context*, double);

/* Fail with message. */
SQLITE_API void sqlite3_result_error(sqlite3_context*, const char*, int);

/* UTF-16. */
SQLITE_API void sqlite3_result_error16(sqlite3_context*, const void*, int);

/* Fail TOOBIG. */
SQLITE_API void sqlite3_result_error_toobig(sqlite3_context*);

/* Fail NOMEM. */
SQLITE_API void sqlite3_result_error_nomem(sqlite3_context*);

/* Set code. */
SQLITE_API void sqlite3_result_error_code(sqlite3_context*, int);

/* Return int. */
SQLITE_API void sqlite3_result_int(sqlite3_context*, int);

/* Return int64. */
SQLITE_API void sqlite3_result_int64(sqlite3_context*, sqlite3_int64);

/* Return NULL. */
SQLITE_API void sqlite3_result_null(sqlite3_context*);

/* Return text. */
SQLITE_API void sqlite3_result_text(sqlite3_context*, const char*, int, void (*)(void*));

/* With encoding. */
SQLITE_API void sqlite3_result_text64(sqlite3_context*, const char* z, sqlite3_uint64 n, void (*)(void*),
                                      unsigned char encoding);

/* UTF-16 native. */
SQLITE_API void sqlite3_result_text16(sqlite3_context*, const void*, int, void (*)(void*));

/* Little endian. */
SQLITE_API void sqlite3_result_text16le(sqlite3_context*, const void*, int, void (*)(void*));

/* Big endian. */
SQLITE_API void sqlite3_result_text16be(sqlite3_context*, const void*, int, void (*)(void*));

/* Copy a value. */
SQLITE_API void sqlite3_result_value(sqlite3_context*, sqlite3_value*);

/* Typed pointer. */
SQLITE_API void sqlite3_result_pointer(sqlite3_context*, void*, const char*, void (*)(void*));

/* Zero bytes. */
SQLITE_API void sqlite3_result_zeroblob(sqlite3_context*, int n);

/* 64-bit. */
SQLITE_API int sqlite3_result_zeroblob64(sqlite3_context*, sqlite3_uint64 n);

/* Set subtype. */
SQLITE_API void sqlite3_result_subtype(sqlite3_context*, unsigned int);

/* == Hooks. == */

/* Compile-time access callback. */
SQLITE_API int sqlite3_set_authorizer(sqlite3*,
                                      int (*authorizer)(void*, int, const char*, const char*, const char*, const char*),
                                      void* user_data);

/* Deprecated statement trace. */
SQLITE_API void* sqlite3_trace(sqlite3*, void (*trace)(void*, const char*), void*);

/* Deprecated timing. */
SQLITE_API void* sqlite3_profile(sqlite3*, void (*profile)(void*, const char*, sqlite3_uint64), void*);

/* STMT/PROFILE/ROW/CLOSE events. */
SQLITE_API int sqlite3_trace_v2(sqlite3*, unsigned mask, int (*callback)(unsigned, void*, void*, void*), void* context);

/* Callback every N VM steps. */
SQLITE_API void sqlite3_progress_handler(sqlite3*, int, int (*)(void*), void*);

/* Before commit; nonzero rolls back. */
SQLITE_API void* sqlite3_commit_hook(sqlite3*, int (*)(void*), void*);

/* After rollback. */
SQLITE_API void* sqlite3_rollback_hook(sqlite3*, void (*)(void*), void*);

/* Per rowid-table row change. */
SQLITE_API void* sqlite3_update_hook(sqlite3*, void (*)(void*, int, char const*, char const*, sqlite3_int64), void*);

/* Before row change. */
SQLITE_API void* sqlite3_preupdate_hook(sqlite3* db,
                                        void (*callback)(void* context, sqlite3* db, int op, char const* schema,
                                                         char const* name, sqlite3_int64 old_rowid,
                                                         sqlite3_int64 new_rowid),
                                        void*);

/* Old column value. */
SQLITE_API int sqlite3_preupdate_old(sqlite3*, int, sqlite3_value**);

/* New column value. */
SQLITE_API int sqlite3_preupdate_new(sqlite3*, int, sqlite3_value**);

/* Columns. */
SQLITE_API int sqlite3_preupdate_count(sqlite3*);

/* Trigger depth. */
SQLITE_API int sqlite3_preupdate_depth(sqlite3*);

/* Column of a blob write or -1. */
SQLITE_API int sqlite3_preupdate_blobwrite(sqlite3*);

/* After WAL commit. */
SQLITE_API void* sqlite3_wal_hook(sqlite3*, int (*)(void*, sqlite3*, const char*, int), void*);

/* How many pages to free at commit. */
SQLITE_API int sqlite3_autovacuum_pages(sqlite3* db,
                                        unsigned int (*)(void*, const char*, unsigned int, unsigned int, unsigned int),
                                        void*, void (*)(void*));

/* == Memory, strings, mutexes. == */

/* Allocate int bytes. */
SQLITE_API void* sqlite3_malloc(int);

/* Allocate 64-bit. */
SQLITE_API void* sqlite3_malloc64(sqlite3_uint64);

/* Resize. */
SQLITE_API void* sqlite3_realloc(void*, int);

/* Resize 64-bit. */
SQLITE_API void* sqlite3_realloc64(void*, sqlite3_uint64);

/* Free (NULL ok). */
SQLITE_API void sqlite3_free(void*);

/* Usable size. */
SQLITE_API sqlite3_uint64 sqlite3_msize(void*);

/* Bytes outstanding. */
SQLITE_API sqlite3_int64 sqlite3_memory_used(void);

/* Peak, optional reset. */
SQLITE_API sqlite3_int64 sqlite3_memory_highwater(int reset);

/* Try to free N bytes. */
SQLITE_API int sqlite3_release_memory(int);

/* Advisory limit. */
SQLITE_API sqlite3_int64 sqlite3_soft_heap_limit64(sqlite3_int64 N);

/* Hard limit. */
SQLITE_API sqlite3_int64 sqlite3_hard_heap_limit64(sqlite3_int64 N);

/* Deprecated form. */
SQLITE_API void sqlite3_soft_heap_limit(int N);

/* Deprecated no-op. */
SQLITE_API int sqlite3_memory_alarm(void (*)(void*, sqlite3_int64, int), void*, sqlite3_int64);

/* Process counters. */
SQLITE_API int sqlite3_status(int op, int* current_out, int* peak_out, int reset);

/* 64-bit. */
SQLITE_API int sqlite3_status64(int op, sqlite3_int64* current_out, sqlite3_int64* peak_out, int reset);

/* N random bytes; N<1 or NULL resets. */
SQLITE_API void sqlite3_randomness(int N, void* P);

/* Formatted allocation (%q %Q %w %z). */
SQLITE_API char* sqlite3_mprintf(const char*, ...);

/* Va_list. */
SQLITE_API char* sqlite3_vmprintf(const char*, va_list);

/* Into buffer, size first. */
SQLITE_API char* sqlite3_snprintf(int, char*, const char*, ...);

/* Va_list. */
SQLITE_API char* sqlite3_vsnprintf(int, char*, const char*, va_list);

/* Growing string. */
SQLITE_API sqlite3_str* sqlite3_str_new(sqlite3*);

/* Take result and free builder. */
SQLITE_API char* sqlite3_str_finish(sqlite3_str*);

/* Discard (3.52). */
SQLITE_API void sqlite3_str_free(sqlite3_str*);

/* Append formatted. */
SQLITE_API void sqlite3_str_appendf(sqlite3_str*, const char* format, ...);

/* Va_list. */
SQLITE_API void sqlite3_str_vappendf(sqlite3_str*, const char* format, va_list);

/* Append N bytes. */
SQLITE_API void sqlite3_str_append(sqlite3_str*, const char* text, int N);

/* Append to NUL. */
SQLITE_API void sqlite3_str_appendall(sqlite3_str*, const char* text);

/* Repeat a char. */
SQLITE_API void sqlite3_str_appendchar(sqlite3_str*, int N, char C);

/* Empty it. */
SQLITE_API void sqlite3_str_reset(sqlite3_str*);

/* Shorten (3.52). */
SQLITE_API void sqlite3_str_truncate(sqlite3_str*, int N);

/* OK/NOMEM/TOOBIG. */
SQLITE_API int sqlite3_str_errcode(sqlite3_str*);

/* Bytes so far. */
SQLITE_API int sqlite3_str_length(sqlite3_str*);

/* Current text. */
SQLITE_API char* sqlite3_str_value(sqlite3_str*);

/* ASCII case-insensitive compare. */
SQLITE_API int sqlite3_stricmp(const char*, const char*);

/* Bounded. */
SQLITE_API int sqlite3_strnicmp(const char*, const char*, int);

/* 0 when GLOB matches. */
SQLITE_API int sqlite3_strglob(const char* pattern, const char* text);

/* 0 when LIKE matches. */
SQLITE_API int sqlite3_strlike(const char* pattern, const char* text, unsigned int escape);

/* New or static mutex. */
SQLITE_API sqlite3_mutex* sqlite3_mutex_alloc(int);

/* Free dynamic. */
SQLITE_API void sqlite3_mutex_free(sqlite3_mutex*);

/* Lock. */
SQLITE_API void sqlite3_mutex_enter(sqlite3_mutex*);

/* Try, BUSY. */
SQLITE_API int sqlite3_mutex_try(sqlite3_mutex*);

/* Unlock. */
SQLITE_API void sqlite3_mutex_leave(sqlite3_mutex*);

/* Debug builds only. */
SQLITE_API int sqlite3_mutex_held(sqlite3_mutex*);

/* Debug builds only. */
SQLITE_API int sqlite3_mutex_notheld(sqlite3_mutex*);

/* Exported variable. */
SQLITE_API SQLITE_EXTERN char* sqlite3_temp_directory;

/* Exported variable (Windows use). */
SQLITE_API SQLITE_EXTERN char* sqlite3_data_directory;

/* Windows only. */
SQLITE_API int sqlite3_win32_set_directory(unsigned long type, void* value);

/* Windows only. */
SQLITE_API int sqlite3_win32_set_directory8(unsigned long type, const char* value);

/* Windows only. */
SQLITE_API int sqlite3_win32_set_directory16(unsigned long type, const void* value);

/* == File names. == */

/* Value of a URI parameter. */
SQLITE_API const char* sqlite3_uri_parameter(sqlite3_filename z, const char* key);

/* As boolean. */
SQLITE_API int sqlite3_uri_boolean(sqlite3_filename z, const char* key, int default_value);

/* As integer. */
SQLITE_API sqlite3_int64 sqlite3_uri_int64(sqlite3_filename, const char*, sqlite3_int64);

/* N-th key. */
SQLITE_API const char* sqlite3_uri_key(sqlite3_filename z, int N);

/* Main name from any of the three. */
SQLITE_API const char* sqlite3_filename_database(sqlite3_filename);

/* Journal name. */
SQLITE_API const char* sqlite3_filename_journal(sqlite3_filename);

/* WAL name. */
SQLITE_API const char* sqlite3_filename_wal(sqlite3_filename);

/* Sqlite3_file of main db by name. */
SQLITE_API sqlite3_file* sqlite3_database_file_object(const char*);

/* Build a filename object. */
SQLITE_API sqlite3_filename sqlite3_create_filename(const char* database, const char* journal, const char* wal,
                                                    int parameter_count, const char** parameters);

/* Free it. */
SQLITE_API void sqlite3_free_filename(sqlite3_filename);

/* == Operating systems. == */

/* By name, NULL = default. */
SQLITE_API sqlite3_vfs* sqlite3_vfs_find(const char* vfs_name);

/* Add, optionally default. */
SQLITE_API int sqlite3_vfs_register(sqlite3_vfs*, int makeDflt);

/* Remove. */
SQLITE_API int sqlite3_vfs_unregister(sqlite3_vfs*);

/* == Blobs, backup, images, snapshots, checkpoints. == */

/* Handle on one value. */
SQLITE_API int sqlite3_blob_open(sqlite3*, const char* schema, const char* table, const char* column, sqlite3_int64 row,
                                 int flags, sqlite3_blob** blob_out);

/* Move to another row. */
SQLITE_API int sqlite3_blob_reopen(sqlite3_blob*, sqlite3_int64);

/* Close. */
SQLITE_API int sqlite3_blob_close(sqlite3_blob*);

/* Size. */
SQLITE_API int sqlite3_blob_bytes(sqlite3_blob*);

/* Read range. */
SQLITE_API int sqlite3_blob_read(sqlite3_blob*, void* Z, int N, int offset);

/* Write range, no growth. */
SQLITE_API int sqlite3_blob_write(sqlite3_blob*, const void* z, int n, int offset);

/* Start page copy. */
SQLITE_API sqlite3_backup* sqlite3_backup_init(sqlite3* destination, const char* destination_schema, sqlite3* source,
                                               const char* source_schema);

/* Copy N pages. */
SQLITE_API int sqlite3_backup_step(sqlite3_backup* p, int page_count);

/* End. */
SQLITE_API int sqlite3_backup_finish(sqlite3_backup* p);

/* Pages left. */
SQLITE_API int sqlite3_backup_remaining(sqlite3_backup* p);

/* Pages in source. */
SQLITE_API int sqlite3_backup_pagecount(sqlite3_backup* p);

/* Database image in memory. */
SQLITE_API unsigned char* sqlite3_serialize(sqlite3* db, const char* schema, sqlite3_int64* size_out,
                                            unsigned int flags);

/* Open an image. */
SQLITE_API int sqlite3_deserialize(sqlite3* db, const char* schema, unsigned char* data, sqlite3_int64 size,
                                   sqlite3_int64 capacity, unsigned flags);

/* Record WAL read point. */
SQLITE_API int sqlite3_snapshot_get(sqlite3* db, const char* schema, sqlite3_snapshot** snapshot_out);

/* Read at it. */
SQLITE_API int sqlite3_snapshot_open(sqlite3* db, const char* schema, sqlite3_snapshot* snapshot);

/* Free. */
SQLITE_API void sqlite3_snapshot_free(sqlite3_snapshot*);

/* Compare ages. */
SQLITE_API int sqlite3_snapshot_cmp(sqlite3_snapshot* p1, sqlite3_snapshot* p2);

/* Make old frames usable again. */
SQLITE_API int sqlite3_snapshot_recover(sqlite3* db, const char* schema);

/* Threshold pages. */
SQLITE_API int sqlite3_wal_autocheckpoint(sqlite3* db, int N);

/* Passive. */
SQLITE_API int sqlite3_wal_checkpoint(sqlite3* db, const char* schema);

/* With mode and counters. */
SQLITE_API int sqlite3_wal_checkpoint_v2(sqlite3* db, const char* schema, int mode, int* log_frames_out,
                                         int* checkpointed_out);

/* == Extensions and virtual tables. == */

/* Load a shared object, entry guess sqlite3_<name>_init. */
SQLITE_API int sqlite3_load_extension(sqlite3* db, const char* file, const char* entry_point, char** error_out);

/* Allow C API and SQL function. */
SQLITE_API int sqlite3_enable_load_extension(sqlite3* db, int on);

/* Entry point for every new connection. */
SQLITE_API int sqlite3_auto_extension(void (*entry_point)(void));

/* Remove. */
SQLITE_API int sqlite3_cancel_auto_extension(void (*entry_point)(void));

/* Clear. */
SQLITE_API void sqlite3_reset_auto_extension(void);

/* Register module. */
SQLITE_API int sqlite3_create_module(sqlite3* db, const char* name, const sqlite3_module* p, void* user_data);

/* With destructor (called on failure). */
SQLITE_API int sqlite3_create_module_v2(sqlite3* db, const char* name, const sqlite3_module* p, void* user_data,
                                        void (*destroy)(void*));

/* Drop all but listed. */
SQLITE_API int sqlite3_drop_modules(sqlite3* db, const char** keep);

/* Schema text from xCreate/xConnect. */
SQLITE_API int sqlite3_declare_vtab(sqlite3*, const char* sql);

/* Constraint support, innocuous…. */
SQLITE_API int sqlite3_vtab_config(sqlite3*, int op, ...);

/* Conflict mode in xUpdate. */
SQLITE_API int sqlite3_vtab_on_conflict(sqlite3*);

/* In xColumn during update. */
SQLITE_API int sqlite3_vtab_nochange(sqlite3_context*);

/* Collation of a constraint. */
SQLITE_API const char* sqlite3_vtab_collation(sqlite3_index_info*, int);

/* 0..3 ordering/distinct need. */
SQLITE_API int sqlite3_vtab_distinct(sqlite3_index_info*);

/* Handle IN at once. */
SQLITE_API int sqlite3_vtab_in(sqlite3_index_info*, int constraint, int handle);

/* First IN value. */
SQLITE_API int sqlite3_vtab_in_first(sqlite3_value* value, sqlite3_value** out);

/* Next. */
SQLITE_API int sqlite3_vtab_in_next(sqlite3_value* value, sqlite3_value** out);

/* Constraint constant in xBestIndex. */
SQLITE_API int sqlite3_vtab_rhs_value(sqlite3_index_info*, int, sqlite3_value** value_out);

/* Old geometry function. */
SQLITE_API int sqlite3_rtree_geometry_callback(sqlite3* db, const char* name,
                                               int (*geometry)(sqlite3_rtree_geometry*, int, sqlite3_rtree_dbl*, int*),
                                               void* context);

/* New geometry function. */
SQLITE_API int sqlite3_rtree_query_callback(sqlite3* db, const char* name, int (*query)(sqlite3_rtree_query_info*),
                                            void* context, void (*destroy)(void*));

/* == Kept for old programs. == */

/* Always 0-like. */
SQLITE_API int sqlite3_expired(sqlite3_stmt*);

/* Move parameters. */
SQLITE_API int sqlite3_transfer_bindings(sqlite3_stmt*, sqlite3_stmt*);

/* No-op. */
SQLITE_API int sqlite3_global_recover(void);

/* No-op. */
SQLITE_API void sqlite3_thread_cleanup(void);

/* == Sessions and changesets. == */

/* Recorder on a schema. */
SQLITE_API int sqlite3session_create(sqlite3* db, const char* schema, sqlite3_session** session_out);

/* End. */
SQLITE_API void sqlite3session_delete(sqlite3_session* session);

/* SIZE=1 ROWID=2. */
SQLITE_API int sqlite3session_object_config(sqlite3_session*, int op, void* argument);

/* Global STRMSIZE=1. */
SQLITE_API int sqlite3session_config(int op, void* argument);

/* On/off/query. */
SQLITE_API int sqlite3session_enable(sqlite3_session* session, int enable);

/* Mark indirect. */
SQLITE_API int sqlite3session_indirect(sqlite3_session* session, int indirect);

/* Table or all. */
SQLITE_API int sqlite3session_attach(sqlite3_session* session, const char* table);

/* Callback filter. */
SQLITE_API void sqlite3session_table_filter(sqlite3_session* session, int (*filter)(void* context, const char* table),
                                            void* context);

/* Take changeset. */
SQLITE_API int sqlite3session_changeset(sqlite3_session* session, int* size_out, void** changeset_out);

/* Upper bound. */
SQLITE_API sqlite3_int64 sqlite3session_changeset_size(sqlite3_session* session);

/* Record difference of two tables. */
SQLITE_API int sqlite3session_diff(sqlite3_session* session, const char* from_schema, const char* table,
                                   char** error_out);

/* Take patchset. */
SQLITE_API int sqlite3session_patchset(sqlite3_session* session, int* size_out, void** patchset_out);

/* Nothing recorded. */
SQLITE_API int sqlite3session_isempty(sqlite3_session* session);

/* Heap bytes. */
SQLITE_API sqlite3_int64 sqlite3session_memory_used(sqlite3_session* session);

/* Iterator. */
SQLITE_API int sqlite3changeset_start(sqlite3_changeset_iter** pp, int size, void* changeset);

/* With flags. */
SQLITE_API int sqlite3changeset_start_v2(sqlite3_changeset_iter** pp, int size, void* changeset, int flags);

/* Advance. */
SQLITE_API int sqlite3changeset_next(sqlite3_changeset_iter* iterator);

/* Table, columns, op, indirect. */
SQLITE_API int sqlite3changeset_op(sqlite3_changeset_iter* iterator, const char** table_out, int* column_count_out,
                                   int* operation_out, int* indirect_out);

/* Pk flags. */
SQLITE_API int sqlite3changeset_pk(sqlite3_changeset_iter* iterator, unsigned char** key_flags_out,
                                   int* column_count_out);

/* Old value. */
SQLITE_API int sqlite3changeset_old(sqlite3_changeset_iter* iterator, int value, sqlite3_value** value_out);

/* New value. */
SQLITE_API int sqlite3changeset_new(sqlite3_changeset_iter* iterator, int value, sqlite3_value** value_out);

/* Conflicting row value. */
SQLITE_API int sqlite3changeset_conflict(sqlite3_changeset_iter* iterator, int value, sqlite3_value** value_out);

/* Count. */
SQLITE_API int sqlite3changeset_fk_conflicts(sqlite3_changeset_iter* iterator, int* size_out);

/* End iterator. */
SQLITE_API int sqlite3changeset_finalize(sqlite3_changeset_iter* iterator);

/* Reverse. */
SQLITE_API int sqlite3changeset_invert(int size, const void* in, int* size_out, void** out);

/* Join two. */
SQLITE_API int sqlite3changeset_concat(int a_size, void* a, int b_size, void* b, int* size_out, void** out);

/* Apply with conflict callback. */
SQLITE_API int sqlite3changeset_apply(sqlite3* db, int size, void* changeset,
                                      int (*filter)(void* context, const char* table),
                                      int (*conflict)(void* context, int kind, sqlite3_changeset_iter* p),
                                      void* context);

/* Rebase output and flags. */
SQLITE_API int sqlite3changeset_apply_v2(sqlite3* db, int size, void* changeset,
                                         int (*filter)(void* context, const char* table),
                                         int (*conflict)(void* context, int kind, sqlite3_changeset_iter* p),
                                         void* context, void** rebase_out, int* rebase_size_out, int flags);

/* Filter sees iterator (3.51). */
SQLITE_API int sqlite3changeset_apply_v3(sqlite3* db, int size, void* changeset,
                                         int (*filter)(void* context, sqlite3_changeset_iter* p),
                                         int (*conflict)(void* context, int kind, sqlite3_changeset_iter* p),
                                         void* context, void** rebase_out, int* rebase_size_out, int flags);

/* Merger. */
SQLITE_API int sqlite3changegroup_new(sqlite3_changegroup** pp);

/* Allow schema growth (after 3.40). */
SQLITE_API int sqlite3changegroup_schema(sqlite3_changegroup*, sqlite3*, const char* schema);

/* Add changeset. */
SQLITE_API int sqlite3changegroup_add(sqlite3_changegroup*, int size, void* data);

/* Add one change (after 3.40). */
SQLITE_API int sqlite3changegroup_add_change(sqlite3_changegroup*, sqlite3_changeset_iter*);

/* Result. */
SQLITE_API int sqlite3changegroup_output(sqlite3_changegroup*, int* size, void** data_out);

/* End. */
SQLITE_API void sqlite3changegroup_delete(sqlite3_changegroup*);

/* PATCHSET=1 (3.53). */
SQLITE_API int sqlite3changegroup_config(sqlite3_changegroup*, int, void* argument);

/* Build a change by hand (after 3.40). */
SQLITE_API int sqlite3changegroup_change_begin(sqlite3_changegroup*, int operation, const char* table, int indirect,
                                               char** error_out);

/* Set field (after 3.40). */
SQLITE_API int sqlite3changegroup_change_int64(sqlite3_changegroup*, int is_new, int column, sqlite3_int64 value);

/* Set field (after 3.40). */
SQLITE_API int sqlite3changegroup_change_null(sqlite3_changegroup*, int, int);

/* Set field (after 3.40). */
SQLITE_API int sqlite3changegroup_change_double(sqlite3_changegroup*, int, int, double);

/* Set field (after 3.40). */
SQLITE_API int sqlite3changegroup_change_text(sqlite3_changegroup*, int, int, const char* value, int size);

/* Set field (after 3.40). */
SQLITE_API int sqlite3changegroup_change_blob(sqlite3_changegroup*, int, int, const void* value, int size);

/* Commit or discard the change (after 3.40). */
SQLITE_API int sqlite3changegroup_change_finish(sqlite3_changegroup*, int discard, char** error_out);

/* Rebase object. */
SQLITE_API int sqlite3rebaser_create(sqlite3_rebaser** out);

/* Feed rebase blob. */
SQLITE_API int sqlite3rebaser_configure(sqlite3_rebaser*, int size, const void* rebase);

/* Rewrite changeset. */
SQLITE_API int sqlite3rebaser_rebase(sqlite3_rebaser*, int size, const void* in, int* size_out, void** out);

/* End. */
SQLITE_API void sqlite3rebaser_delete(sqlite3_rebaser* p);

/* Streaming form. */
SQLITE_API int sqlite3changeset_apply_strm(sqlite3* db, int (*input)(void* in, void* data, int* size), void* in,
                                           int (*filter)(void* context, const char* table),
                                           int (*conflict)(void* context, int kind, sqlite3_changeset_iter* p),
                                           void* context);

/* Streaming form. */
SQLITE_API int sqlite3changeset_apply_v2_strm(sqlite3* db, int (*input)(void* in, void* data, int* size), void* in,
                                              int (*filter)(void* context, const char* table),
                                              int (*conflict)(void* context, int kind, sqlite3_changeset_iter* p),
                                              void* context, void** rebase_out, int* rebase_size_out, int flags);

/* Streaming form (3.51). */
SQLITE_API int sqlite3changeset_apply_v3_strm(sqlite3* db, int (*input)(void* in, void* data, int* size), void* in,
                                              int (*filter)(void* context, sqlite3_changeset_iter* p),
                                              int (*conflict)(void* context, int kind, sqlite3_changeset_iter* p),
                                              void* context, void** rebase_out, int* rebase_size_out, int flags);

/* Streaming form. */
SQLITE_API int sqlite3changeset_concat_strm(int (*input_a)(void* in, void* data, int* size), void* a,
                                            int (*input_b)(void* in, void* data, int* size), void* b,
                                            int (*output)(void* out, const void* data, int size), void* out);

/* Streaming form. */
SQLITE_API int sqlite3changeset_invert_strm(int (*input)(void* in, void* data, int* size), void* in,
                                            int (*output)(void* out, const void* data, int size), void* out);

/* Streaming form. */
SQLITE_API int sqlite3changeset_start_strm(sqlite3_changeset_iter** pp, int (*input)(void* in, void* data, int* size),
                                           void* in);

/* Streaming form. */
SQLITE_API int sqlite3changeset_start_v2_strm(sqlite3_changeset_iter** pp,
                                              int (*input)(void* in, void* data, int* size), void* in, int flags);

/* Streaming form. */
SQLITE_API int sqlite3session_changeset_strm(sqlite3_session* session,
                                             int (*output)(void* out, const void* data, int size), void* out);

/* Streaming form. */
SQLITE_API int sqlite3session_patchset_strm(sqlite3_session* session,
                                            int (*output)(void* out, const void* data, int size), void* out);

/* Streaming form. */
SQLITE_API int sqlite3changegroup_add_strm(sqlite3_changegroup*, int (*input)(void* in, void* data, int* size),
                                           void* in);

/* Streaming form. */
SQLITE_API int sqlite3changegroup_output_strm(sqlite3_changegroup*,
                                              int (*output)(void* out, const void* data, int size), void* out);

/* Streaming form. */
SQLITE_API int sqlite3rebaser_rebase_strm(sqlite3_rebaser* rebaser, int (*input)(void* in, void* data, int* size),
                                          void* in, int (*output)(void* out, const void* data, int size), void* out);

#ifdef __cplusplus
}
#endif

#endif /* SQLITE3_H */
