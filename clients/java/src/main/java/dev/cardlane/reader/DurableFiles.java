package dev.cardlane.reader;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A few small files that survive a power cut, in a directory that is made when it is missing and
 * locked until {@link #close}.
 *
 * <p>What a method returned for is on the disk; a crash before that leaves the old content. The
 * lock ends with the process however that ends, and keeps out the mesh's own programs, too: theirs
 * is SQLite's, which locks a part of the same file.
 */
public final class DurableFiles implements AutoCloseable {
  private static final String UNFINISHED_SUFFIX = ".unfinished";
  private static final FileAttribute<?> OWNER_ALONE_DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final FileAttribute<?> OWNER_ALONE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private final Path directory;
  private final FileChannel lock;

  /**
   * @throws IllegalStateException when another process holds the directory
   */
  public DurableFiles(Path directory) {
    this.directory = directory;
    try {
      Files.createDirectories(directory, OWNER_ALONE_DIRECTORY);
      lock = FileChannel.open(directory.resolve(".lock"), CREATE, READ, WRITE);
      if (!tryLock(lock)) {
        lock.close();
        throw new IllegalStateException(directory + " is in use by another process");
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Returns a whole file, or nothing when it is not there. */
  Optional<byte[]> read(String name) {
    try {
      return Optional.of(Files.readAllBytes(directory.resolve(name)));
    } catch (NoSuchFileException missing) {
      return Optional.empty();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Replaces a whole file. Its content is never half old, half new. */
  void write(String name, byte[] bytes) {
    Path unfinished = directory.resolve(name + UNFINISHED_SUFFIX);
    try {
      Files.deleteIfExists(unfinished);
      Files.createFile(unfinished, OWNER_ALONE);
      try (FileChannel file = FileChannel.open(unfinished, WRITE)) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
          file.write(buffer);
        }
        file.force(true);
      }
      Files.move(unfinished, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
      syncDirectory();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Returns the names of all files that begin with the prefix. */
  List<String> names(String prefix) {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith(prefix) && !name.endsWith(UNFINISHED_SUFFIX))
          .sorted()
          .toList();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Takes a file away; without effect when it is not there. */
  void remove(String name) {
    try {
      Files.deleteIfExists(directory.resolve(name));
      syncDirectory();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Lets another process have the directory. */
  @Override
  public void close() {
    try {
      lock.close();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static boolean tryLock(FileChannel file) throws IOException {
    try {
      return file.tryLock() != null;
    } catch (OverlappingFileLockException heldByThisProcess) {
      return false;
    }
  }

  private void syncDirectory() throws IOException {
    try (FileChannel opened = FileChannel.open(directory, READ)) {
      opened.force(true);
    }
  }
}
