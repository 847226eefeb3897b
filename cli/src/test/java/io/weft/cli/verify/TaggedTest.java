package io.weft.cli.verify;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.Annotation;
import java.lang.classfile.AnnotationElement;
import java.lang.classfile.AnnotationValue;
import java.lang.classfile.AttributedElement;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * A test method with the tags that it and its class carry, read from class files: the reports do not contain tags.
 *
 * @param type binary name of a class that runs it; an inherited test stands once for each class that inherits it
 */
record TaggedTest(String type, String method, Set<String> tags) {
    private static final String TAG = "Lorg/junit/jupiter/api/Tag;";
    private static final String TAGS = "Lorg/junit/jupiter/api/Tags;";

    private static final Set<String> TEST_ANNOTATIONS = Set.of(
            "Lorg/junit/jupiter/api/Test;",
            "Lorg/junit/jupiter/api/RepeatedTest;",
            "Lorg/junit/jupiter/api/TestFactory;",
            "Lorg/junit/jupiter/api/TestTemplate;",
            "Lorg/junit/jupiter/params/ParameterizedTest;");

    /** Reads all classes below the folders. */
    static List<TaggedTest> scan(final List<Path> folders) throws IOException {
        final Map<String, ClassModel> classes = new HashMap<>();
        for (final Path folder : folders) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.filter(file -> file.toString().endsWith(".class")).forEach(file -> {
                    final ClassModel model = parse(file);
                    classes.put(model.thisClass().asInternalName(), model);
                });
            }
        }
        final List<TaggedTest> tests = new ArrayList<>();
        classes.forEach((name, model) -> {
            if (model.flags().has(AccessFlag.ABSTRACT)) {
                return;
            }
            final Set<String> ofClass = new TreeSet<>();
            for (ClassModel level = model; level != null; level = parent(classes, level)) {
                ofClass.addAll(tags(level));
            }
            for (ClassModel level = model; level != null; level = parent(classes, level)) {
                for (final MethodModel method : level.methods()) {
                    if (isTest(method)) {
                        final Set<String> all = new TreeSet<>(ofClass);
                        all.addAll(tags(method));
                        tests.add(new TaggedTest(
                                name.replace('/', '.'), method.methodName().stringValue(), all));
                    }
                }
            }
        });
        return tests;
    }

    private static ClassModel parse(final Path file) {
        try {
            return ClassFile.of().parse(file);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ClassModel parent(final Map<String, ClassModel> classes, final ClassModel model) {
        return model.superclass().map(s -> classes.get(s.asInternalName())).orElse(null);
    }

    private static boolean isTest(final MethodModel method) {
        return annotations(method).stream()
                .anyMatch(a -> TEST_ANNOTATIONS.contains(a.className().stringValue()));
    }

    private static Set<String> tags(final AttributedElement element) {
        final Set<String> tags = new TreeSet<>();
        annotations(element).forEach(annotation -> collect(annotation, tags));
        return tags;
    }

    private static void collect(final Annotation annotation, final Set<String> tags) {
        final String type = annotation.className().stringValue();
        if (type.equals(TAG) || type.equals(TAGS)) {
            annotation.elements().stream().map(AnnotationElement::value).forEach(value -> {
                switch (value) {
                    case AnnotationValue.OfString tag -> tags.add(tag.stringValue());
                    case AnnotationValue.OfArray array ->
                        array.values().forEach(nested -> {
                            if (nested instanceof final AnnotationValue.OfAnnotation a) {
                                collect(a.annotation(), tags);
                            }
                        });
                    default -> {}
                }
            });
        }
    }

    private static List<Annotation> annotations(final AttributedElement element) {
        return element.findAttribute(Attributes.runtimeVisibleAnnotations())
                .map(a -> a.annotations())
                .orElse(List.of());
    }
}
