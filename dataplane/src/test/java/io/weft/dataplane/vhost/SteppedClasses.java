package io.weft.dataplane.vhost;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.util.Set;

/**
 * Loads this package anew, with {@link Steps} in the place of {@code Mem}, of the full fence and of the eventfd in the
 * device's rings. So a test takes the very instructions of the product step by step.
 */
final class SteppedClasses extends ClassLoader {
    private static final String PACKAGE = "io.weft.dataplane.vhost.";
    private static final ClassDesc STEPS = ClassDesc.of(Steps.class.getName());
    private static final Set<String> STEPPED =
            Set.of("Virtqueue", "SplitQueue", "PackedQueue", "RingJournal", "SplitInflight", "PackedInflight");

    SteppedClasses() {
        super(SteppedClasses.class.getClassLoader());
    }

    /** Makes a class of this package as this loader sees it; it has a constructor without parameters. */
    Runnable make(final Class<? extends Runnable> scenario) {
        try {
            final var constructor = loadClass(scenario.getName()).getDeclaredConstructor();
            return (Runnable) constructor.newInstance();
        } catch (final ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    protected Class<?> loadClass(final String name, final boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            if (!name.startsWith(PACKAGE) || name.startsWith(Steps.class.getName())) {
                return super.loadClass(name, resolve);
            }
            final Class<?> loaded = findLoadedClass(name);
            return loaded != null ? loaded : define(name);
        }
    }

    private Class<?> define(final String name) throws ClassNotFoundException {
        try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            final byte[] bytes = in.readAllBytes();
            final byte[] own = STEPPED.contains(name.substring(PACKAGE.length())) ? step(bytes) : bytes;
            return defineClass(name, own, 0, own.length);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] step(final byte[] bytes) {
        final ClassFile file = ClassFile.of();
        return file.transformClass(file.parse(bytes), ClassTransform.transformingMethodBodies((builder, element) -> {
            if (element instanceof InvokeInstruction call && isStep(call)) {
                builder.invokestatic(STEPS, call.name().stringValue(), call.typeSymbol());
            } else {
                builder.with(element);
            }
        }));
    }

    private static boolean isStep(final InvokeInstruction call) {
        final String owner = call.owner().asInternalName();
        final String name = call.name().stringValue();
        return owner.equals("io/weft/encap/Mem")
                || (owner.equals("java/lang/invoke/VarHandle") && name.equals("fullFence"))
                || (owner.equals("io/weft/dataplane/sys/EventFd") && name.equals("signal"));
    }
}
