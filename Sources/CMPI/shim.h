// Names for what MPI implementations define as macros, or as types that differ between them (a pointer
// in Open MPI, an integer in MPICH): Swift imports neither.
#include <mpi.h>
#include <string.h>

// A message under way.
typedef struct {
  MPI_Request request;
} cmpi_message;

// Starts MPI; only one thread calls it. Errors are returned from then on, not fatal.
static inline int cmpi_start(int *rank, int *size) {
  int provided = 0;
  int status = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  if (status != MPI_SUCCESS) return status;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, rank);
  MPI_Comm_size(MPI_COMM_WORLD, size);
  return MPI_SUCCESS;
}

static inline int cmpi_send(const void *bytes, int count, int rank, cmpi_message *message) {
  return MPI_Isend(bytes, count, MPI_BYTE, rank, 0, MPI_COMM_WORLD, &message->request);
}

static inline int cmpi_receive(void *bytes, int count, int rank, cmpi_message *message) {
  return MPI_Irecv(bytes, count, MPI_BYTE, rank, 0, MPI_COMM_WORLD, &message->request);
}

// Whether the message has arrived, or may be forgotten by its sender.
static inline int cmpi_test(cmpi_message *message, int *is_done) {
  return MPI_Test(&message->request, is_done, MPI_STATUS_IGNORE);
}

// What an error's number means, in at most `capacity` bytes.
static inline void cmpi_describe(int error, char *text, int capacity) {
  char whole[MPI_MAX_ERROR_STRING + 1];
  int length = 0;
  if (MPI_Error_string(error, whole, &length) != MPI_SUCCESS) length = 0;
  whole[length] = 0;
  strncpy(text, whole, (size_t)capacity - 1);
  text[capacity - 1] = 0;
}

static inline void cmpi_finish(void) { MPI_Finalize(); }

static inline void cmpi_abort(int code) { MPI_Abort(MPI_COMM_WORLD, code); }
