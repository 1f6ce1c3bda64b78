// The C++ standard library at work: streams, containers, algorithms, exceptions, run-time types.
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

struct Shape {
    virtual ~Shape() = default;
    virtual double area() const = 0;
};
struct Square : Shape {
    explicit Square(double side) : side(side) {
        if (side < 0) throw std::invalid_argument("a side cannot be negative");
    }
    double area() const override { return side * side; }
    double side;
};
struct Circle : Shape {
    explicit Circle(double radius) : radius(radius) {}
    double area() const override { return 3 * radius * radius; }
    double radius;
};

int main() {
    std::vector<std::unique_ptr<Shape>> shapes;
    for (double side : {3.0, 1.0, 2.0})
        shapes.push_back(std::make_unique<Square>(side));
    shapes.push_back(std::make_unique<Circle>(1));
    std::sort(shapes.begin(), shapes.end(), [](auto& a, auto& b) { return a->area() < b->area(); });
    int squares = 0;
    for (auto& shape : shapes) {
        squares += dynamic_cast<Square*>(shape.get()) != nullptr;
        std::cout << shape->area() << ' ';
    }
    std::cout << "\n" << squares << " squares\n";

    std::map<std::string, int> words;
    std::istringstream text("to be or not to be");
    for (std::string word; text >> word;)
        ++words[word];
    for (auto& [word, count] : words)
        std::cout << word << '=' << count << ' ';
    std::cout << std::endl;

    try {
        shapes.push_back(std::make_unique<Square>(-1));
        return 1;
    } catch (const std::exception& e) {
        std::cout << "caught: " << e.what() << std::endl;
    }
    try {
        return static_cast<int>(std::vector<int>(3).at(7));
    } catch (const std::out_of_range&) {
        std::cout << "caught: out of range" << std::endl;
    }
    return 0;
}
