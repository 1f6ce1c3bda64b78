// Types and global variables of an image, from its DWARF, in the words of the debugger's type texts: "Ptr64
// _IRP",
// "[4] Uint4B", "<anonymous-tag>" for what has no name (its members follow it with a dotted name).
#include "view/symbols/interface.h"
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFExpression.h>
#include <llvm/Object/COFF.h>
#include <llvm/Object/ObjectFile.h>
#include <string>

namespace {

using namespace llvm;

constexpr const char* anonymous = "<anonymous-tag>";

std::string name_of(const DWARFDie& die) {
    std::string name = dwarf::toString(die.find(dwarf::DW_AT_name), "");
    for (char& c : name)
        if (c == '.') c = '_'; // a point separates members
    return name;
}

DWARFDie type_of(const DWARFDie& die) { return die.getAttributeValueAsReferencedDie(dwarf::DW_AT_type); }

std::uint64_t number_of(const DWARFDie& die, dwarf::Attribute attribute, std::uint64_t otherwise = 0) {
    return dwarf::toUnsigned(die.find(attribute), otherwise);
}

constexpr int longest_chain = 64; // damaged DWARF must end

DWARFDie without_qualifiers(DWARFDie type) {
    for (int i = 0;
         i < longest_chain && type &&
         (type.getTag() == dwarf::DW_TAG_const_type || type.getTag() == dwarf::DW_TAG_volatile_type ||
          type.getTag() == dwarf::DW_TAG_restrict_type || type.getTag() == dwarf::DW_TAG_atomic_type);
         ++i)
        type = type_of(type);
    return type;
}

DWARFDie without_names(DWARFDie type) {
    for (int i = 0;
         i < longest_chain && (type = without_qualifiers(type)) && type.getTag() == dwarf::DW_TAG_typedef;
         ++i)
        type = type_of(type);
    return type;
}

bool is_structure(const DWARFDie& type) {
    return type && (type.getTag() == dwarf::DW_TAG_structure_type ||
                    type.getTag() == dwarf::DW_TAG_class_type || type.getTag() == dwarf::DW_TAG_union_type);
}
bool is_record(const DWARFDie& type) {
    return is_structure(type) || (type && type.getTag() == dwarf::DW_TAG_enumeration_type);
}

// "ns::Outer::" in front of a type's name.
std::string scope_of(const DWARFDie& type) {
    std::string scope;
    for (DWARFDie outer = type.getParent(); outer; outer = outer.getParent())
        if (outer.getTag() == dwarf::DW_TAG_namespace || is_structure(outer)) {
            const std::string name = name_of(outer);
            scope = (name.empty() ? "`anonymous-namespace'" : name) + "::" + scope;
        }
    return scope;
}

std::string basic_text(const DWARFDie& type) {
    const std::uint64_t size = number_of(type, dwarf::DW_AT_byte_size);
    switch (number_of(type, dwarf::DW_AT_encoding)) {
    case dwarf::DW_ATE_float:
        return size == 4 ? "Float" : size == 8 ? "Double" : "[" + std::to_string(size) + "] UChar";
    case dwarf::DW_ATE_signed:
        return size == 1 ? "Char" : size == 16 ? "[2] Int8B" : "Int" + std::to_string(size) + "B";
    case dwarf::DW_ATE_signed_char:
        return "Char";
    case dwarf::DW_ATE_UTF:
        return size == 2 ? "Wchar" : "Uint" + std::to_string(size) + "B";
    default:
        return size == 1 ? "UChar" : size == 16 ? "[2] Uint8B" : "Uint" + std::to_string(size) + "B";
    }
}

// As the debugger names what a function gives: "long", "void", "unsigned char", "_IRP*".
std::string result_text(DWARFDie type, int depth = 0) {
    type = without_names(type);
    if (!type || depth > longest_chain) return "void";
    if (type.getTag() == dwarf::DW_TAG_pointer_type) return result_text(type_of(type), depth + 1) + "*";
    if (is_record(type)) return name_of(type);
    const std::uint64_t size = number_of(type, dwarf::DW_AT_byte_size);
    const std::string plain = size == 1 ? "char" : size == 2 ? "short" : size == 4 ? "long" : "int64";
    const auto encoding = number_of(type, dwarf::DW_AT_encoding);
    if (encoding == dwarf::DW_ATE_float) return size == 4 ? "float" : "double";
    return (encoding == dwarf::DW_ATE_signed || encoding == dwarf::DW_ATE_signed_char ? "" : "unsigned ") +
           plain;
}

std::string text_of(DWARFDie type, int depth = 0) {
    type = without_qualifiers(type);
    if (!type || depth > longest_chain) return "Void";
    switch (type.getTag()) {
    case dwarf::DW_TAG_typedef: {
        const std::string name = name_of(type);
        if (name == "WCHAR" || name == "wchar_t") return "Wchar";
        const DWARFDie target = without_qualifiers(type_of(type));
        if (is_structure(target) && name_of(target).empty()) return scope_of(type) + name;
        return text_of(target, depth + 1);
    }
    case dwarf::DW_TAG_pointer_type:
    case dwarf::DW_TAG_reference_type:
    case dwarf::DW_TAG_rvalue_reference_type: {
        const DWARFDie target = without_names(type_of(type));
        if (target && target.getTag() == dwarf::DW_TAG_subroutine_type)
            return "Ptr64     " + result_text(type_of(target)) + " ";
        return "Ptr64 " + text_of(type_of(type), depth + 1);
    }
    case dwarf::DW_TAG_array_type: {
        std::string counts;
        for (const DWARFDie& range : type.children()) {
            if (range.getTag() != dwarf::DW_TAG_subrange_type) continue;
            const auto upper = dwarf::toUnsigned(range.find(dwarf::DW_AT_upper_bound));
            counts +=
                "[" + std::to_string(number_of(range, dwarf::DW_AT_count, upper ? *upper + 1 : 0)) + "] ";
        }
        return (counts.empty() ? "[0] " : counts) + text_of(type_of(type), depth + 1);
    }
    case dwarf::DW_TAG_base_type:
        return basic_text(type);
    case dwarf::DW_TAG_structure_type:
    case dwarf::DW_TAG_class_type:
    case dwarf::DW_TAG_union_type: {
        const std::string name = name_of(type);
        return name.empty() ? anonymous : scope_of(type) + name;
    }
    case dwarf::DW_TAG_enumeration_type: {
        const std::string name = name_of(type);
        return name.empty() ? "Int" + std::to_string(number_of(type, dwarf::DW_AT_byte_size, 4)) + "B"
                            : scope_of(type) + name;
    }
    default:
        return "Void";
    }
}

std::uint64_t size_of(DWARFDie type) {
    const auto size = type ? type.getTypeSize(8) : std::nullopt;
    return size.value_or(0);
}

// The structure that a member's type is or is an array of, if that has no name.
DWARFDie nameless(DWARFDie type, bool& array) {
    array = false;
    for (int i = 0;
         i < longest_chain && (type = without_qualifiers(type)) && type.getTag() == dwarf::DW_TAG_array_type;
         ++i) {
        array = true;
        type = type_of(type);
    }
    return is_structure(type) && name_of(type).empty() ? type : DWARFDie();
}

class Emitter {
  public:
    Emitter(const DrvlabTypeSink& sink, std::uint64_t image_base) : sink_(sink), image_base_(image_base) {}

    void visit(const DWARFDie& die, unsigned depth = 0) {
        constexpr unsigned deepest = 16;
        if (depth > deepest) return;
        switch (die.getTag()) {
        case dwarf::DW_TAG_namespace:
        case dwarf::DW_TAG_compile_unit:
            for (const DWARFDie& child : die.children())
                visit(child, depth + 1);
            break;
        case dwarf::DW_TAG_typedef:
            alias(die);
            break;
        case dwarf::DW_TAG_variable:
            variable(die);
            break;
        case dwarf::DW_TAG_enumeration_type:
            if (!name_of(die).empty()) enumeration(die);
            break;
        case dwarf::DW_TAG_structure_type:
        case dwarf::DW_TAG_class_type:
        case dwarf::DW_TAG_union_type:
            if (!name_of(die).empty()) structure(die, scope_of(die) + name_of(die));
            for (const DWARFDie& child : die.children())
                if (is_record(child) && !name_of(child).empty()) visit(child, depth + 1);
            break;
        default:
            break;
        }
    }

  private:
    void structure(const DWARFDie& die, const std::string& name) {
        if (die.find(dwarf::DW_AT_declaration)) return;
        sink_.type(sink_.context, name.c_str(), size_of(die), die.getTag() == dwarf::DW_TAG_union_type);
        members(die, "", 0, 0);
    }

    void members(const DWARFDie& die, const std::string& prefix, std::uint64_t base, unsigned depth) {
        constexpr unsigned deepest = 16;
        if (depth > deepest) return;
        for (const DWARFDie& child : die.children()) {
            const bool parent = child.getTag() == dwarf::DW_TAG_inheritance;
            if ((child.getTag() != dwarf::DW_TAG_member && !parent) || child.find(dwarf::DW_AT_external))
                continue;
            std::uint64_t offset = base + number_of(child, dwarf::DW_AT_data_member_location);
            if (parent) {
                members(without_names(type_of(child)), prefix, offset, depth + 1);
                continue;
            }
            bool array = false;
            const std::string name = name_of(child);
            const DWARFDie inner = nameless(type_of(child), array);
            if (name.empty()) {
                if (inner) members(inner, prefix, offset, depth + 1);
                continue;
            }
            std::uint64_t size = size_of(type_of(child));
            const unsigned bits = static_cast<unsigned>(number_of(child, dwarf::DW_AT_bit_size));
            unsigned bit = 0;
            if (bits && size) {
                if (const auto from = dwarf::toUnsigned(child.find(dwarf::DW_AT_data_bit_offset))) {
                    offset = base + *from / (8 * size) * size;
                    bit = static_cast<unsigned>(*from % (8 * size));
                } else { // DWARF 3: counted from the most significant bit of the storage unit
                    bit = static_cast<unsigned>(8 * size - number_of(child, dwarf::DW_AT_bit_offset) - bits);
                }
            }
            sink_.field(sink_.context, (prefix + name).c_str(), offset, size, bit, bits,
                        text_of(type_of(child)).c_str());
            if (inner) members(inner, prefix + name + (array ? "[0]." : "."), offset, depth + 1);
        }
    }

    void enumeration(const DWARFDie& die) {
        sink_.type(sink_.context, (scope_of(die) + name_of(die)).c_str(),
                   number_of(die, dwarf::DW_AT_byte_size, 4), 2);
        for (const DWARFDie& child : die.children()) {
            if (child.getTag() != dwarf::DW_TAG_enumerator) continue;
            const auto value = child.find(dwarf::DW_AT_const_value);
            const auto is_signed = value ? value->getAsSignedConstant() : std::nullopt;
            sink_.enumerator(sink_.context, name_of(child).c_str(),
                             is_signed ? *is_signed : static_cast<std::int64_t>(dwarf::toUnsigned(value, 0)));
        }
    }

    void alias(const DWARFDie& die) {
        const DWARFDie target = without_qualifiers(type_of(die));
        const std::string name = scope_of(die) + name_of(die);
        if (is_structure(target) && name_of(target).empty()) return structure(target, name);
        sink_.alias(sink_.context, name.c_str(), text_of(die).c_str());
    }

    // Those with a fixed address.
    void variable(const DWARFDie& die) {
        const auto location = die.find(dwarf::DW_AT_location);
        const auto block = location ? location->getAsBlock() : std::nullopt;
        DWARFDie named = die;
        if (const DWARFDie other = die.getAttributeValueAsReferencedDie(dwarf::DW_AT_specification))
            named = other;
        if (!block || name_of(named).empty()) return; // texts of the compiler have no name
        const DWARFUnit* unit = die.getDwarfUnit();
        const DataExtractor data(toStringRef(*block), true, unit->getAddressByteSize());
        for (const auto& operation : DWARFExpression(data, unit->getAddressByteSize())) {
            if (operation.getCode() != dwarf::DW_OP_addr) return;
            const std::uint64_t address = operation.getRawOperand(0);
            if (address >= image_base_)
                sink_.variable(sink_.context, (scope_of(named) + name_of(named)).c_str(),
                               address - image_base_, text_of(type_of(named)).c_str());
            return;
        }
    }

    const DrvlabTypeSink& sink_;
    std::uint64_t image_base_;
};

} // namespace

extern "C" [[gnu::visibility("default")]] void drvlab_types(const char* image_path,
                                                            const DrvlabTypeSink* sink) {
    auto file = object::ObjectFile::createObjectFile(image_path);
    if (!file) return consumeError(file.takeError());
    const auto* image = dyn_cast<object::COFFObjectFile>(file->getBinary());
    if (!image) return;
    const auto silent = [](Error error) { consumeError(std::move(error)); };
    const auto context = DWARFContext::create(*image, DWARFContext::ProcessDebugRelocations::Process, nullptr,
                                              "", silent, silent);
    Emitter emitter(*sink, image->getImageBase());
    for (const auto& unit : context->compile_units())
        if (const DWARFDie die = unit->getUnitDIE(false)) emitter.visit(die);
}
